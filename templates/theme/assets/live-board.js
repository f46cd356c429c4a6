/* What if, answered by the classifier itself: any set of patches, and the visitor's own photograph, which is read here and
   goes nowhere. Loaded by live.js on a click. */
(function () {
  "use strict";
  const { all, make, count, shown, percent, board, liveModel } = window.gallery;
  const TOP = 5;

  /* One question at a time; of those that come meanwhile, only the last is asked. */
  function latest() {
    let waiting = null;
    let busy = false;
    return async (question) => {
      waiting = question;
      if (busy) return;
      busy = true;
      while (waiting) {
        const next = waiting;
        waiting = null;
        await next();
      }
      busy = false;
    };
  }
  const best = (probabilities, facts) =>
    probabilities
      .map((p, index) => ({ p, index, name: facts.names[index] }))
      .sort((a, b) => b.p - a.p || a.index - b.index)
      .slice(0, TOP);

  function verdict(host, p, facts, { full, threshold, before, after }) {
    const said = make("p", before, { class: "eg-verdict" });
    said.append(make("strong", "p = " + p.toFixed(4)));
    const enough = p >= threshold ? "sufficient (at least " : "not sufficient (below ";
    const note = percent(p / full) + " of the whole image’s; " + enough + shown(threshold) + "). " + after;
    host.dataset.p = p.toPrecision(9);
    host.replaceChildren(said, make("p", note, { class: "eg-note" }));
  }

  /* The page's photograph: whenever what-if.js has answered for a set of patches, the classifier does too. */
  function follow(box, facts, ask, photo) {
    const panel = box.closest("details");
    const { full, threshold } = panel.dataset;
    const boxes = () => all("input", panel.querySelector(".eg-board"));
    const host = box.querySelector(".eg-live-answer");
    const turn = latest();
    const update = () =>
      turn(async () => {
        const kept = boxes().flatMap((input, i) => (input.checked ? [i] : []));
        const probabilities = await ask(photo.kept(kept));
        const first = best(probabilities, facts).slice(0, 3).map(({ p, name }) => name + " " + shown(p));
        const p = probabilities[Number(box.dataset.target)];
        const before = "The classifier, now, with " + count(kept.length, "patch") + ": ";
        verdict(host, p, facts, { full: Number(full), threshold: Number(threshold), before, after: "Most probable: " + first.join(", ") + "." });
      });
    new MutationObserver(update).observe(panel.querySelector(".eg-answer"), { childList: true });
    return update();
  }

  async function pixelsOf(file) {
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new Error("“" + file.name + "” is no photograph that this browser can read.");
    });
    const canvas = make("canvas", "", { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff"; // transparency becomes white, as when the gallery was built
    context.fillRect(0, 0, bitmap.width, bitmap.height);
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    try {
      return context.getImageData(0, 0, canvas.width, canvas.height);
    } catch {
      throw new Error("“" + file.name + "” is too large for this browser (" + canvas.width + " × " + canvas.height + " pixels).");
    }
  }

  /* What the classifier saw of it, as a canvas under the patches. */
  function canvasOf(pixels, [height, width]) {
    const canvas = make("canvas", "", { width, height });
    const data = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) data.data.set([pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2], 255], 4 * i);
    canvas.getContext("2d").putImageData(data, 0, 0);
    return canvas;
  }

  function topTable(top) {
    const table = make("table", "", { class: "eg-table eg-left" });
    table.append(make("caption", "Your photograph, whole: the most probable classes"));
    const head = table.createTHead().insertRow();
    for (const name of ["Class", "p"]) head.append(make("th", name, { scope: "col" }));
    const body = table.createTBody();
    for (const { name, p } of top) {
      const row = body.insertRow();
      row.append(make("th", name, { scope: "row" }));
      row.insertCell().append(p.toFixed(4));
    }
    return table;
  }

  /* The visitor's photograph: the classes, and a board of its own for the class chosen. */
  async function showOwn(host, facts, ask, photo, share) {
    const whole = await ask(photo.image);
    const top = best(whole, facts);
    const frame = make("div", "", { class: "eg-board eg-stack", role: "group", "aria-label": "Patches kept of your photograph: tick those the classifier may see" });
    const canvas = canvasOf(photo.pixels, facts.prep.size);
    frame.append(canvas);
    const said = make("div", "", { class: "eg-yours-answer", role: "status" });
    const side = make("div", "", { class: "eg-try" });
    side.append(topTable(top));
    host.replaceChildren(frame, side);
    host.hidden = false;
    const { rows, cols, partition } = facts.mask;
    if (partition !== "grid") {
      side.append(make("p", "Patches of this gallery are superpixels of each photograph, which are made when it is built; yours has none.", { class: "eg-note" }));
      return;
    }
    const picker = make("select", "", {});
    for (const { index, name } of top) picker.append(make("option", name, { value: index }));
    const label = make("label", "Class explained ", {});
    label.append(picker);
    const bar = make("div", "", { class: "eg-controls" });
    const every = Array.from({ length: rows * cols }, (_, i) => i);
    let kept = every;
    const turn = latest();
    const set = (cells) => {
      kept = cells;
      const mine = new Set(kept);
      view.boxes.forEach((input, i) => (input.checked = mine.has(i)));
      view.draw(kept);
      return turn(async () => {
        const probabilities = await ask(photo.kept(kept));
        const target = Number(picker.value);
        const before = facts.names[target] + ", " + count(kept.length, "patch") + " of " + every.length + ": ";
        const [first] = best(probabilities, facts);
        const after = "Most probable with these patches: " + first.name + " " + shown(first.p) + ".";
        verdict(said, probabilities[target], facts, { full: whole[target], threshold: share * whole[target], before, after });
      });
    };
    const name = (i) => "(" + Math.floor(i / cols) + ",\u00a0" + (i % cols) + ")";
    const about = { n: every.length, rows, cols, name, title: (i) => "Patch " + name(i) + " of your photograph" };
    const view = board(frame, about, null, (i, on) => set(every.filter((cell) => (cell === i ? on : kept.includes(cell)))));
    const sets = { All: () => every, None: () => [], Invert: () => every.filter((i) => !kept.includes(i)) };
    for (const title in sets) {
      const button = make("button", title, { type: "button" });
      button.addEventListener("click", () => set(sets[title]()));
      bar.append(button);
    }
    bar.append(label);
    picker.addEventListener("change", () => set(kept));
    side.prepend(bar, said);
    return set(every);
  }

  function offerOwn(box, facts, ask) {
    const panel = box.closest("details").querySelector(".eg-yours");
    const said = panel.querySelector(".eg-yours-said");
    const input = panel.querySelector("input");
    const { full, threshold } = box.closest("details").dataset;
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      said.textContent = "Reading …";
      try {
        const photo = liveModel.own(await pixelsOf(file), facts);
        await showOwn(panel.querySelector(".eg-yours-board"), facts, ask, photo, Number(threshold) / Number(full));
        said.textContent = "";
      } catch (error) {
        said.textContent = "This photograph cannot be shown: " + (error.message || error);
      }
    });
    panel.hidden = false;
  }

  const classifiers = {};
  window.gallery.live = async (box, script, told) => {
    if (!("DecompressionStream" in window && "WebAssembly" in window)) throw new Error("this browser is too old; it needs WebAssembly and DecompressionStream.");
    const { root, slug, model, input, key } = box.dataset;
    await script(root + model);
    await script(root + input);
    const facts = window.egModels[slug];
    const sources = Object.values(facts.files).flat();
    let done = 0;
    await Promise.all(sources.map((name) => script(root + name + ".js").then(() => told("Loading: " + ++done + " of " + count(sources.length, "file") + " …"))));
    told("Starting …");
    const ask = await (classifiers[slug] ||= liveModel.classifier(facts));
    await follow(box, facts, ask, await liveModel.stored(window.egInputs[key], facts));
    offerOwn(box, facts, ask);
    told("");
  };
})();
