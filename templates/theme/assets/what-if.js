/* What if: the stored probability of exactly the ticked set; where there is none, the nearest sets that have one.
   Loaded by explore.js once it is wanted. Nothing is ever estimated. */
(function () {
  "use strict";
  const { all, make, count, shown, percent, board, writeState } = window.gallery;
  const ONES = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
  window.gallery.whatIf = (box, facts, data) => {
    const state = facts.prefix + "set";
    const answer = box.querySelector(".eg-answer");
    const near = box.querySelector(".eg-near");
    const picker = box.querySelector("select");
    const every = Array.from({ length: facts.n }, (_, i) => i);
    const digits = Math.ceil(facts.n / 4);
    let kept = every;

    const sets = new Map();
    for (let at = 0; at < data.sets.length; at += digits + 3) {
      sets.set(data.sets.substr(at, digits), parseInt(data.sets.substr(at + digits, 3), 36) / 1e4);
    }
    const nibbles = (hex) => Array.from(hex, (digit) => parseInt(digit, 16));

    /* Up to three sets within the ticked one, three around it, and three that are neither; nearest first. */
    function nearest(hex) {
      const mine = nibbles(hex);
      const found = { in: [], around: [], across: [] };
      for (const [other, p] of sets) {
        const theirs = nibbles(other);
        let [more, less] = [0, 0];
        theirs.forEach((digit, i) => {
          more += ONES[digit & ~mine[i]];
          less += ONES[mine[i] & ~digit];
        });
        found[!more ? "in" : !less ? "around" : "across"].push({ other, p, distance: more + less });
      }
      for (const name in found) found[name] = found[name].sort((a, b) => a.distance - b.distance).slice(0, 3);
      return found;
    }

    function table(hex) {
      const found = nearest(hex);
      const whole = make("table", "", { class: "eg-table eg-left" });
      whole.append(make("caption", "The nearest sets that have been evaluated"));
      const head = whole.createTHead().insertRow();
      for (const name of ["Change to your set", "Patches", "p", ""]) head.append(name ? make("th", name, { scope: "col" }) : make("td"));
      const mine = new Set(kept);
      const kinds = [["in", "with fewer patches"], ["around", "with more patches"], ["across", "with others"]];
      const groups = kinds.filter(([name]) => found[name].length);
      for (const [name, text] of groups.sort(([a], [b]) => found[a][0].distance - found[b][0].distance)) {
        const body = whole.createTBody();
        body.insertRow().append(make("th", text, { scope: "rowgroup", colspan: 4 }));
        for (const { other, p } of found[name]) {
          const theirs = facts.cells(other);
          const put = theirs.filter((i) => !mine.has(i));
          const taken = kept.filter((i) => !theirs.includes(i));
          const some = (cells) => (cells.length > 6 ? count(cells.length, "patch") : facts.list(cells));
          const row = body.insertRow();
          const change = [put.length && "put back " + some(put), taken.length && "take away " + some(taken)].filter(Boolean).join(", ");
          row.insertCell().append(name === "in" && taken.length > 6 && theirs.length < 7 ? "keep only " + (facts.list(theirs) || "nothing") : change);
          row.insertCell().append(theirs.length);
          row.insertCell().append(p.toFixed(4));
          const button = make("button", "Load", { type: "button", class: "eg-step" });
          button.addEventListener("click", () => {
            set(theirs);
            view.boxes.find((input) => input.tabIndex === 0).focus({ preventScroll: true });
          });
          row.insertCell().append(button);
        }
      }
      return whole;
    }

    function set(cells, quiet) {
      kept = cells;
      const hex = facts.hex(kept);
      const mine = new Set(kept);
      view.boxes.forEach((input, i) => (input.checked = mine.has(i)));
      view.draw(kept);
      const p = sets.get(hex);
      const known = p !== undefined;
      const name = make("p", count(kept.length, "patch") + " of " + facts.n + ": ", { class: "eg-verdict" });
      name.append(make("strong", known ? "p = " + p.toFixed(4) : "not evaluated"));
      const text = known
        ? percent(p / facts.full) + " of the whole image’s; " + (p >= facts.threshold ? "sufficient (at least " : "not sufficient (below ") + shown(facts.threshold) + "). Evaluated in float32."
        : "Nothing bounds it: taking patches away can raise a probability as well as lower it.";
      answer.replaceChildren(name, make("p", text, { class: "eg-note" }));
      near.replaceChildren(...(known ? [] : [table(hex)]));
      picker.value = "";
      if (!quiet) writeState({ [state]: hex.replace(/^0+(?=.)/, "") });
    }

    const actions = { all: () => every, none: () => [], invert: () => every.filter((i) => !kept.includes(i)) };
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-set]");
      if (button) set(actions[button.dataset.set]());
    });
    picker.addEventListener("change", () => picker.value && set(facts.cells(picker.value)));
    const view = board(box.querySelector(".eg-board"), facts, data, (i, on) => set(every.filter((cell) => (cell === i ? on : kept.includes(cell)))));
    const nodes = all("[data-eg=explore]").filter((one) => one.dataset.prefix === facts.prefix).flatMap((one) => all(".sag-node", one));
    const group = make("optgroup", "", { label: "Sets of the graph" });
    for (const { dataset, classList } of nodes) {
      const cells = facts.cells(dataset.mask.slice(2));
      const title = (classList.contains("sag-root") ? "Root: " : "") + count(cells.length, "patch") + ", p = " + shown(Number(dataset.probability));
      group.append(make("option", title, { value: facts.hex(cells) }));
    }
    if (nodes.length) picker.append(group);
    return (hex, quiet) => set(hex ? facts.cells(hex) : every, quiet);
  };
})();
