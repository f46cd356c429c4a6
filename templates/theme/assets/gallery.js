/* Filters, heat controls and zoom. Everything reads without this file; it only adds controls. */
(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  /* The view lives in the address, beside a plain anchor if there is one: #fig-rise or #c=turbo&o=40 */
  function readState() {
    const hash = location.hash.slice(1);
    return new URLSearchParams(hash.includes("=") ? hash : "");
  }
  function writeState(changes) {
    const state = readState();
    for (const name in changes) {
      state.delete(name);
      if (changes[name]) state.set(name, changes[name]);
    }
    const text = state.toString();
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  }

  /* Index: which tiles are shown, and what their second picture is. */
  function picture(src, alt, width, height) {
    const image = new Image(width, height);
    image.alt = alt;
    image.loading = "lazy";
    image.src = src;
    return image;
  }
  function showSecond(card, method) {
    const second = card.querySelector(".eg-second");
    if (!second.original) {
      const data = card.querySelector("script[type='application/json']");
      second.heats = data ? JSON.parse(data.textContent) : {};
      second.original = Array.from(second.childNodes);
    }
    const heat = second.heats[method];
    if (!heat) {
      second.replaceChildren(...second.original);
      return !method;
    }
    const photo = card.querySelector(".eg-pair > img");
    const stack = document.createElement("span");
    stack.className = "eg-stack" + (heat[2] ? " eg-signed" : "");
    const map = picture(heat[0], heat[1], photo.width, photo.height);
    map.className = "eg-heat";
    stack.append(picture(photo.getAttribute("src"), "", photo.width, photo.height), map);
    second.replaceChildren(stack);
    return true;
  }
  function filters(form) {
    const index = form.parentElement;
    const cards = all(".eg-card", index);
    const fields = all("select", form);
    const titles = Object.fromEntries(all("[name=method] option", form).map((option) => [option.value, option.text]));
    const apply = () => {
      const wanted = Object.fromEntries(fields.map((field) => [field.name, field.value]));
      let shown = 0;
      for (const card of cards) {
        const has = showSecond(card, wanted.method || "");
        const fits = ["class", "classifier", "verdict"].every((name) => !wanted[name] || card.dataset[name] === wanted[name]);
        card.hidden = !(fits && has);
        const caption = card.querySelector(".eg-caption");
        caption.original ??= caption.textContent;
        caption.textContent = wanted.method ? titles[wanted.method] : caption.original;
        shown += card.hidden ? 0 : 1;
      }
      form.querySelector("output").textContent = shown === cards.length ? "" : shown + " of " + cards.length + " shown";
      index.querySelector(".eg-none").hidden = shown > 0;
      return wanted;
    };
    const restore = () => {
      const state = readState();
      for (const field of fields) {
        const value = state.get(field.name) || "";
        field.value = Array.from(field.options).some((option) => option.value === value) ? value : "";
      }
      apply();
    };
    form.addEventListener("change", () => writeState(apply()));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => writeState(apply())));
    addEventListener("hashchange", restore);
    restore();
    form.hidden = false;
  }

  /* Image page: colours, opacity and resolution of every heatmap at once. */
  function heat(forms) {
    const root = document.documentElement.style;
    const first = forms[0].elements;
    const defaults = { c: first.c.value, o: first.o.value };
    const apply = (view) => {
      for (const { elements } of forms) {
        elements.c.value = view.c;
        elements.o.value = view.o;
        elements.r.checked = view.r;
      }
      const option = first.c.selectedOptions[0];
      root.setProperty("--eg-map", "url(#cm-" + option.value + ")");
      root.setProperty("--eg-opacity", view.o / 100);
      root.setProperty("--eg-rendering", view.r ? "pixelated" : "auto");
      for (const hint of all(".eg-hint")) hint.textContent = option.dataset.hint;
      for (const bar of all(".eg-colourbar:not(.eg-fixed)")) bar.style.setProperty("--eg-bar", option.dataset.bar);
    };
    const restore = () => {
      const state = readState();
      const c = state.get("c") || "";
      const o = Number(state.get("o") || defaults.o);
      const known = Array.from(first.c.options).some((option) => option.value === c);
      apply({ c: known ? c : defaults.c, o: o >= 0 && o <= 100 ? o : defaults.o, r: state.get("r") === "1" });
    };
    for (const form of forms) {
      const change = () => {
        const { c, o, r } = form.elements;
        apply({ c: c.value, o: o.value, r: r.checked });
        writeState({
          c: c.value === defaults.c ? "" : c.value,
          o: o.value === defaults.o ? "" : o.value,
          r: r.checked ? "1" : "",
        });
      };
      form.addEventListener("input", change);
      form.addEventListener("change", change);
      form.addEventListener("submit", (event) => event.preventDefault());
      form.hidden = false;
    }
    addEventListener("hashchange", restore);
    restore();
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

  /* Tables: a button in each head sorts by its column, best first, then worst first, then as before. */
  function sortable(table) {
    const body = table.tBodies[0];
    const before = Array.from(body.rows);
    const heads = all("thead th", table);
    const number = (row, column) => {
      const found = row.cells[column].firstChild?.textContent.replace(/\u2212/g, "-").replace(/\u202f/g, "").match(/-?[\d.]+/);
      return found ? Number(found[0]) : NaN;
    };
    for (const head of heads) {
      if (before.every((row) => Number.isNaN(number(row, head.cellIndex)))) continue;
      const first = head.dataset.better === "higher" ? "descending" : "ascending";
      const turns = { "": first, [first]: first === "ascending" ? "descending" : "ascending" };
      const button = document.createElement("button");
      button.type = "button";
      button.className = "eg-sort";
      button.setAttribute("aria-label", "Sort by " + head.firstChild.textContent.trim());
      head.insertBefore(button, head.querySelector("small"));
      button.addEventListener("click", () => {
        const order = turns[head.getAttribute("aria-sort") || ""] || "";
        for (const other of heads) other.removeAttribute("aria-sort");
        if (order) head.setAttribute("aria-sort", order);
        const sign = order === "descending" ? -1 : 1;
        const keys = new Map(before.map((row) => [row, number(row, head.cellIndex)]));
        const missing = (row) => (Number.isNaN(keys.get(row)) ? 1 : 0);
        const by = (a, b) => missing(a) - missing(b) || (missing(a) ? 0 : sign * (keys.get(a) - keys.get(b)));
        body.append(...(order ? before.slice().sort(by) : before));
      });
    }
  }

  /* A link to a place inside closed details opens them. */
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target) target.scrollIntoView();
  }

  function start() {
    all("form[data-eg=filters]").forEach(filters);
    const forms = all("form[data-eg=heat]");
    if (forms.length) heat(forms);
    all(".eg-zoom").forEach(zoom);
    all("table[data-sort]").forEach(sortable);
    addEventListener("hashchange", reveal);
    if (document.querySelector("details :target")) reveal();
  }
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
