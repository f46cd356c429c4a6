/* Attention graph: one node at a time, by pointer, arrow keys, list or address. Loaded by explore.js. */
(function () {
  "use strict";
  const { all, writeState, make, count, shown, percent, board, load } = window.gallery;
  window.gallery.explore = (box, facts, tries) => {
    const svg = box.querySelector("svg.sag");
    const panel = box.querySelector(".eg-node");
    const said = panel.querySelector(".eg-said-of");
    const hint = Array.from(said.childNodes);
    const state = facts.prefix + "node";
    const nodes = Object.create(null);
    for (const g of all(".sag-node", svg)) {
      const { node, mask, probability } = g.dataset;
      const { x, y, width, height } = g.querySelector(".sag-card").getBBox();
      const cells = facts.cells(mask.slice(2));
      nodes[node] = { g, id: node, cells, p: Number(probability), x: x + width / 2, y: y + height / 2, parents: [], children: [] };
    }
    const edges = all(".sag-edge", svg).map((g) => ({ g, from: nodes[g.dataset.source], to: nodes[g.dataset.target], removed: Number(g.dataset.removed) }));
    for (const edge of edges) {
      edge.from.children.push(edge);
      edge.to.parents.push(edge);
    }
    const list = Object.values(nodes);
    const roots = list.filter(({ g }) => g.classList.contains("sag-root"));
    const enough = (node) => roots.includes(node) || node.p >= facts.threshold;
    const links = all(".eg-outline a", box.parentElement);
    let current = null;
    let view = null;
    let marked = -1;
    let trail = [];

    /* A node with everything above and below it. */
    function family(node) {
      const seen = new Set([node]);
      const walk = (one, up) => {
        for (const edge of up ? one.parents : one.children) {
          seen.add(edge);
          const next = up ? edge.from : edge.to;
          if (!seen.has(next)) {
            seen.add(next);
            walk(next, up);
          }
        }
      };
      walk(node, true);
      walk(node, false);
      return seen;
    }

    function neighbours(term, edges, toward, words) {
      if (!edges.length) return [];
      const value = make("dd", "", { class: "eg-all" });
      for (const edge of edges) {
        const node = edge[toward];
        const button = make("button", words + facts.name(edge.removed) + ": " + shown(node.p), { type: "button", class: "eg-step" });
        button.addEventListener("click", () => choose(node, { focus: true }));
        value.append(button);
      }
      return [make("dt", term, { class: "eg-all" }), value];
    }

    function tell(node) {
      const title = make("p", "", { class: "eg-name" });
      title.append(roots.includes(node) ? "Root " + (roots.indexOf(node) + 1) + ": " : "", node.cells.length + " of " + count(facts.n, "patch"));
      const terms = make("dl", "", { class: "eg-terms" });
      const rows = [
        ["Probability", shown(node.p)],
        ["Of whole image", percent(node.p / facts.full)],
        ["Sufficient", (enough(node) ? "yes: at least " : "no: below ") + shown(facts.threshold)],
        ["Patches", facts.list(node.cells) || "none"],
      ];
      for (const [name, value] of rows) terms.append(make("dt", name), make("dd", value));
      terms.append(...neighbours("One patch less", node.children, "to", "without "), ...neighbours("One patch more", node.parents, "from", "with "));
      said.replaceChildren(title, terms);
      const trying = tries[facts.prefix];
      if (trying) {
        const button = make("button", "Try this set in “What if”", { type: "button", class: "eg-step" });
        button.addEventListener("click", () => trying(facts.hex(node.cells), true));
        said.append(button);
      }
    }

    /* Show a node without choosing it; null shows the one that is chosen. */
    function show(shownNode) {
      const node = shownNode || current;
      const lit = node ? family(node) : new Set();
      svg.classList.toggle("sag-picked", !!node);
      for (const one of list) {
        one.g.classList.toggle("sag-lit", lit.has(one));
        one.g.classList.toggle("sag-here", one === node);
      }
      for (const edge of edges) edge.g.classList.toggle("sag-lit", lit.has(edge));
      if (node) tell(node);
      else said.replaceChildren(...hint);
      if (view) view.draw(node ? node.cells : Array.from({ length: facts.n }, (_, i) => i), node ? node.parents.map((edge) => edge.removed) : []);
    }

    function choose(node, { focus = false, quiet = false } = {}) {
      if (node && node !== current) trail.push(node);
      current = node;
      for (const one of list) {
        one.g.setAttribute("tabindex", one === (node || roots[0]) ? "0" : "-1");
        if (one === node) one.g.setAttribute("aria-current", "true");
        else one.g.removeAttribute("aria-current");
      }
      for (const link of links) {
        if (node && link.hash === "#" + node.g.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
      show(null);
      if (focus && node) node.g.focus();
      if (quiet) return;
      writeState({ [state]: node ? node.id : "" });
      panel.querySelector("[role=status]").textContent = node
        ? node.cells.length + " of " + count(facts.n, "patch") + ", p = " + shown(node.p) + ", " + percent(node.p / facts.full) + " of the whole image’s, " +
          (enough(node) ? "" : "not ") + "sufficient; " + count(node.children.length, "deletion") + " below, " + count(node.parents.length, "set") + " above."
        : "No set chosen.";
    }

    function mark(cell, on) {
      marked = on ? cell : -1;
      view.boxes.forEach((input, i) => (input.checked = i === marked));
      const keeping = list.filter((node) => node.cells.includes(marked));
      svg.classList.toggle("sag-marked", on);
      for (const node of list) node.g.classList.toggle("sag-keeps", keeping.includes(node));
      panel.querySelector(".eg-marks").textContent = on ? facts.title(marked) + " is kept by " + keeping.length + " of " + count(list.length, "set") + ", marked yellow." : "";
      panel.querySelector("[role=status]").textContent = panel.querySelector(".eg-marks").textContent;
    }

    function walk(key, node) {
      const level = list.filter((one) => Math.abs(one.y - node.y) < 5).sort((a, b) => a.x - b.x);
      const at = level.indexOf(node);
      const above = node.parents.map((edge) => edge.from);
      const moves = {
        ArrowDown: () => node.children.map((edge) => edge.to).sort((a, b) => a.x - b.x)[0],
        /* Back up the way we came, if there are several. */
        ArrowUp: () => trail.findLast((one) => above.includes(one)) || above[0],
        ArrowLeft: () => level[at - 1],
        ArrowRight: () => level[at + 1],
        Home: () => roots[0],
      };
      return moves[key];
    }

    svg.setAttribute("role", "group");
    for (const { g } of edges) g.setAttribute("aria-hidden", "true");
    for (const node of list) {
      const { g } = node;
      g.setAttribute("role", "button");
      g.setAttribute("aria-label", (roots.includes(node) ? "Root, " : "") + g.querySelector("title").textContent);
      g.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(node));
      g.addEventListener("pointerleave", () => show(null));
      g.addEventListener("click", () => choose(node, { focus: true }));
      g.addEventListener("focus", () => node !== current && g.matches(":focus-visible") && choose(node));
      g.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const move = walk(event.key, node);
        if (event.key === "Escape") choose(null);
        else if (event.key === "Enter" || event.key === " ") choose(node);
        else if (!move) return;
        else if (move()) choose(move(), { focus: true });
        event.preventDefault();
      });
    }
    for (const link of links) {
      link.addEventListener("click", (event) => {
        const node = list.find((one) => "#" + one.g.id === link.hash);
        event.preventDefault();
        box.scrollIntoView({ block: "nearest" });
        choose(node, { focus: true });
      });
    }
    const restore = (id) => {
      const node = nodes[id] || null;
      if (node === current) return;
      choose(node, { quiet: true });
      if (!node) return;
      box.scrollIntoView({ block: "nearest" });
      const canvas = box.querySelector(".eg-canvas");
      const [inner, outer] = [node.g.getBoundingClientRect(), canvas.getBoundingClientRect()];
      canvas.scrollBy(inner.left + inner.width / 2 - outer.left - outer.width / 2, inner.top + inner.height / 2 - outer.top - outer.height / 2);
    };
    const start = (data) => {
      view = board(panel.querySelector(".eg-board"), facts, data, mark);
      show(null);
    };
    panel.hidden = false;
    box.classList.add("eg-on");
    choose(null, { quiet: true });
    if (facts.cols) start();
    else load(facts).then(start, () => {});
    return { restore };
  };
})();
