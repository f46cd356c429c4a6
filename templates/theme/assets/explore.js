/* Image pages: zoom of the attention graph, and what its explorer (graph.js) and patch sets to try (what-if.js) share.
   The page reads without them. The view lives in the address: #node=n3f&set=3f, each name behind the classifier's
   prefix if there are several. */
(function () {
  "use strict";
  const { all, readState, writeState } = window.gallery;

  function make(tag, text, given) {
    const element = document.createElement(tag);
    if (text) element.append(text);
    for (const name in given) element.setAttribute(name, given[name]);
    return element;
  }
  const shown = (p) => (p > 0 && p < 0.0005 ? "< 0.001" : p.toFixed(3));
  const percent = (share) => (100 * share).toFixed(0) + " %";
  const count = (n, noun) => n + " " + noun + (n === 1 ? "" : noun.endsWith("patch") ? "es" : "s");

  /* What the page knows about the patches of one image, and how a patch set is written: a mask as a fixed
     number of hexadecimal digits, in which bit i of the number is patch i. */
  function factsOf(box) {
    const data = box.dataset;
    const n = Number(data.cells);
    const [rows, cols] = [Number(data.rows), Number(data.cols)];
    const name = (i) => (cols ? "(" + Math.floor(i / cols) + ",\u00a0" + (i % cols) + ")" : "segment\u00a0" + i);
    return {
      n, rows, cols, name,
      prefix: data.prefix,
      key: data.key,
      src: data.src,
      assets: data.assets,
      full: Number(data.full),
      threshold: Number(data.threshold),
      title: (i) => (cols ? "Patch " + name(i) : "Segment " + i),
      list: (cells) => (cols ? cells.map(name).join(", ") : (cells.length > 1 ? "segments " : "segment ") + cells.join(", ")),
      cells: (hex) => Array.from({ length: n }, (_, i) => i).filter((i) => (parseInt(hex.at(-1 - (i >> 2)) || "0", 16) >> (i & 3)) & 1),
      hex(cells) {
        const digits = new Array(Math.ceil(n / 4)).fill(0);
        for (const i of cells) digits[digits.length - 1 - (i >> 2)] |= 1 << (i & 3);
        return digits.map((digit) => digit.toString(16)).join("");
      },
    };
  }

  /* What only some visitors want comes as a script, or as a style sheet, once they do. */
  const scripts = {};
  const script = (src) =>
    (scripts[src] ||= new Promise((done, fail) => {
      const element = src.endsWith(".css") ? make("link", "", { rel: "stylesheet", href: src }) : make("script", "", { src });
      element.onload = done;
      element.onerror = fail;
      document.head.append(element);
    }));
  const styled = (facts, name) => script(facts.assets + "explore.css").then(() => script(facts.assets + name));
  /* The sets to try and the shapes of superpixels. */
  const load = (facts) => script(facts.src).then(() => window.egPatches[facts.key]);

  /* A photograph whose patches are checkboxes; one of them is in the order of the tab key, arrows do the rest. */
  function board(host, facts, data, changed) {
    const { n, rows, cols } = facts;
    const [width, height] = cols ? [cols, rows] : data.size;
    const shapes = cols
      ? Array.from({ length: n }, (_, i) => ["M" + (i % cols) + " " + Math.floor(i / cols) + "h1v1h-1z", (i % cols) + 0.5, Math.floor(i / cols) + 0.5])
      : data.shapes;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 " + width + " " + height);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const paths = shapes.map(([d], i) => {
      const path = document.createElementNS(svg.namespaceURI, "path");
      path.setAttribute("d", d);
      path.addEventListener("click", () => boxes[i].click());
      return path;
    });
    const boxes = shapes.map(([, x, y], i) => {
      const input = make("input", "", { type: "checkbox", "aria-label": facts.title(i), title: facts.name(i) });
      input.tabIndex = i ? -1 : 0;
      input.style.left = (100 * x) / width + "%";
      input.style.top = (100 * y) / height + "%";
      if (cols) {
        input.style.width = 100 / cols + "%";
        input.style.height = 100 / rows + "%";
      }
      input.addEventListener("change", () => changed(i, input.checked));
      input.addEventListener("focus", () => boxes.forEach((other) => (other.tabIndex = other === input ? 0 : -1)));
      return input;
    });
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    host.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      const from = boxes.indexOf(event.target);
      if (!step || from < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      let best = Infinity;
      let next = from;
      shapes.forEach(([, x, y], i) => {
        const [dx, dy] = [x - shapes[from][1], y - shapes[from][2]];
        const along = dx * step[0] + dy * step[1];
        const far = along + 2 * Math.abs(dx * step[1] + dy * step[0]);
        if (along > 0.5 && far < best) [best, next] = [far, i];
      });
      boxes[next].focus();
    });
    svg.append(...paths);
    host.append(svg, ...boxes);
    if (!cols) host.classList.add("eg-uneven");
    return {
      boxes,
      /* Draw a set, with the patches that the sets above it lose on the way here. */
      draw(kept, taken) {
        const inside = new Set(kept);
        paths.forEach((path, i) => path.setAttribute("class", inside.has(i) ? "" : taken && taken.includes(i) ? "eg-taken" : "eg-gone"));
      },
    };
  }

  /* Attention graph: zoom by buttons or by + - 0 while it has the focus; scrolling is the browser's. */
  function zoom(bar) {
    const canvas = bar.parentElement.querySelector(".eg-canvas");
    const natural = Number(canvas.dataset.width);
    const output = bar.querySelector("output");
    let scale = 1;
    const fit = () => Math.min(1, Math.max(0.05, (canvas.clientWidth - 2) / natural));
    const set = (next) => {
      const before = scale;
      scale = Math.min(4, Math.max(0.05, next));
      const x = (canvas.scrollLeft + canvas.clientWidth / 2) * (scale / before);
      const y = (canvas.scrollTop + canvas.clientHeight / 2) * (scale / before);
      canvas.style.setProperty("--w", natural * scale + "px");
      canvas.scrollLeft = x - canvas.clientWidth / 2;
      canvas.scrollTop = y - canvas.clientHeight / 2;
      output.textContent = Math.round(scale * 100) + " %";
    };
    const actions = { in: () => set(scale * 1.25), out: () => set(scale / 1.25), fit: () => set(fit()), full: () => set(1) };
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("[data-zoom]");
      if (button) actions[button.dataset.zoom]();
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const name = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
      if (!name) return;
      event.preventDefault();
      actions[name]();
    });
    bar.hidden = false;
    /* A wide graph starts readable rather than whole. */
    set(Math.max(fit(), Math.min(1, 0.6)));
    const root = canvas.querySelector(".sag-root");
    const middle = (box) => box.left + box.width / 2;
    if (root) canvas.scrollLeft += middle(root.getBoundingClientRect()) - middle(canvas.getBoundingClientRect());
    canvas.scrollTop = 0;
  }

  /* Its nodes one by one, once the graph comes near the window or the address asks for a node. */
  const tries = {};
  function explore(box) {
    const facts = factsOf(box);
    let started = null;
    const begin = () => (started ||= styled(facts, "graph.js").then(() => window.gallery.explore(box, facts, tries)));
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && begin(), { rootMargin: "500px" }).observe(box);
    return () => {
      const id = readState().get(facts.prefix + "node");
      if (id || started) begin().then((graph) => graph.restore(id));
    };
  }

  /* What if: what it takes comes with the first visitor who opens it. */
  function whatIf(box) {
    const facts = factsOf(box);
    const state = facts.prefix + "set";
    let tool = null;
    const open = (hex, quiet) => {
      box.open = true;
      tool ||= Promise.all([styled(facts, "what-if.js"), load(facts)]).then(([, data]) => window.gallery.whatIf(box, facts, data));
      const failed = () => box.querySelector(".eg-answer").replaceChildren("The sets could not be loaded; they belong beside this page.");
      return tool.then((show) => show(hex, quiet), failed);
    };
    box.addEventListener("toggle", () => box.open && !tool && open("", true));
    tries[facts.prefix] = (hex) => {
      open(hex).then(() => box.querySelector(".eg-board").scrollIntoView({ block: "center" }));
      box.querySelector("summary").focus({ preventScroll: true });
    };
    box.hidden = false;
    return () => {
      const hex = readState().get(state) || "";
      if (!/^[0-9a-f]{1,64}$/.test(hex)) return;
      if (!box.open && !location.hash.includes("node=")) box.scrollIntoView({ block: "nearest" });
      open(hex, true);
    };
  }

  function start() {
    // In a task of its own, after the page has been laid out for other reasons: it asks for sizes.
    setTimeout(() => all(".eg-zoom").forEach(zoom));
    const tried = all(".eg-what-if").map(whatIf);
    const restores = [...all("[data-eg=explore]").map(explore), ...tried];
    const restore = () => restores.forEach((one) => one());
    addEventListener("hashchange", restore);
    restore();
  }
  Object.assign(window.gallery, { make, count, shown, percent, board, load });
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
