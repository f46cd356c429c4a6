/* Image pages: how heatmaps are shown, and any two of them compared. The page reads without this file. */
(function () {
  "use strict";
  /* The view lives in the address: #m=rise,grad_cam&s=40&t=30. Names a default would give are left out. */
  const { all, readState, writeState } = window.gallery;
  function numberOf(text, low, high, otherwise) {
    const value = Number(text || NaN);
    return value >= low && value <= high ? value : otherwise;
  }

  /* Highest values only. data-cuts has a map's grey level at its highest 5, 10, ... 95 % of pixels, two
     hexadecimal digits each; the filter makes a pixel transparent below that level and keeps it otherwise. */
  let share = 100;
  function cut(element) {
    const level = share < 100 ? parseInt(element.dataset.cuts.substr(share / 2.5 - 2, 2), 16) : 0;
    element.style.setProperty("--eg-cut", level ? "url(#cut-" + level + ")" : "");
    element.style.setProperty("--eg-from", level / 2.55 + "%");
    if (!level || document.getElementById("cut-" + level)) return;
    document.querySelector(".eg-defs defs").insertAdjacentHTML("beforeend",
      `<filter id="cut-${level}" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB">` +
      '<feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0"/>' +
      `<feComponentTransfer result="kept"><feFuncA type="linear" slope="255" intercept="${1 - level}"/>` +
      '</feComponentTransfer><feComposite in="SourceGraphic" in2="kept" operator="in"/></filter>');
  }

  /* Colours, opacity, threshold and resolution of every heatmap at once. */
  function heat(forms) {
    const root = document.documentElement.style;
    const first = forms[0].elements;
    const defaults = { c: first.c.value, o: first.o.value, t: "100" };
    const apply = (view) => {
      share = Number(view.t);
      const said = share < 100 ? share + " %" : "all";
      for (const { elements } of forms) {
        elements.c.value = view.c;
        elements.o.value = view.o;
        elements.t.value = view.t;
        elements.t.setAttribute("aria-valuetext", said === "all" ? "all values" : "highest " + said + " of values");
        elements.t.nextElementSibling.textContent = said;
        elements.r.checked = view.r;
      }
      const option = first.c.selectedOptions[0];
      root.setProperty("--eg-map", "url(#cm-" + option.value + ")");
      root.setProperty("--eg-opacity", view.o / 100);
      root.setProperty("--eg-rendering", view.r ? "pixelated" : "auto");
      for (const hint of all(".eg-hint")) hint.textContent = option.dataset.hint;
      for (const bar of all(".eg-colourbar:not(.eg-fixed)")) bar.style.setProperty("--eg-bar", option.dataset.bar);
      all("[data-cuts]").forEach(cut);
    };
    const restore = () => {
      const state = readState();
      const known = Array.from(first.c.options).some((option) => option.value === state.get("c"));
      const t = numberOf(state.get("t"), 5, 100, 100);
      apply({
        c: known ? state.get("c") : defaults.c,
        o: numberOf(state.get("o"), 0, 100, defaults.o),
        t: t - (t % 5),
        r: state.get("r") === "1",
      });
    };
    for (const form of forms) {
      const change = () => {
        const { c, o, t, r } = form.elements;
        apply({ c: c.value, o: o.value, t: t.value, r: r.checked });
        const changes = { r: r.checked ? "1" : "" };
        for (const field of [t, o, c]) changes[field.name] = field.value === defaults[field.name] ? "" : field.value;
        writeState({ c: changes.c, o: changes.o, r: changes.r, t: changes.t });
      };
      form.addEventListener("input", change);
      form.addEventListener("change", change);
      form.addEventListener("submit", (event) => event.preventDefault());
      form.hidden = false;
    }
    addEventListener("hashchange", restore);
    restore();
  }

  /* Two heatmaps of one classifier over one photograph, divided by a range that lies over the picture. */
  function compare(box) {
    const prefix = box.dataset.prefix;
    const { a, b, swap } = box.querySelector("form").elements;
    const slider = box.querySelector("input[type=range]");
    const over = box.querySelector(".eg-over");
    const layers = all(".eg-layer", box);
    const ends = all(".eg-end", box);
    const [copy, said, field] = box.querySelector(".eg-copy").children;
    const defaults = [a.options[0].value, a.options[1].value];
    const figure = (select) => document.getElementById(prefix + "fig-" + select.value);
    const show = () => {
      const names = [a, b].map((select) => select.selectedOptions[0].text);
      [a, b].forEach((select, i) => {
        const shown = figure(select);
        const map = shown.querySelector(".eg-heat").cloneNode();
        map.removeAttribute("loading");
        layers[i].classList.toggle("eg-signed", !!shown.querySelector(".eg-signed"));
        layers[i].replaceChildren(map);
        ends[i].replaceChildren(...all(".eg-name,.eg-scale,.eg-focus", shown).map((node) => node.cloneNode(true)));
        for (const element of [layers[i], ends[i]]) {
          element.dataset.cuts = shown.dataset.cuts;
          cut(element);
        }
      });
      over.style.setProperty("--s", slider.value / 100);
      slider.setAttribute("aria-label", `Divider: ${names[0]} left of it, ${names[1]} right of it`);
      slider.setAttribute("aria-valuetext", `${slider.value} % ${names[0]}, ${100 - slider.value} % ${names[1]}`);
      said.textContent = "";
      field.hidden = true;
    };
    const write = (whole) => {
      const pair = [a.value, b.value];
      const usual = !whole && pair.join() === defaults.join();
      const half = !whole && slider.value === "50";
      writeState({ [prefix + "m"]: usual ? "" : pair.join(), [prefix + "s"]: half ? "" : slider.value });
    };
    const change = () => {
      show();
      write();
    };
    const restore = () => {
      const state = readState();
      const asked = (state.get(prefix + "m") || "").split(",");
      const known = (name) => Array.from(a.options).some((option) => option.value === name);
      const pair = asked.length === 2 && asked.every(known) ? asked : defaults;
      [a.value, b.value] = pair;
      slider.value = numberOf(state.get(prefix + "s"), 0, 100, 50);
      show();
      if (pair === asked) box.scrollIntoView({ block: "center" });
    };
    a.addEventListener("change", change);
    b.addEventListener("change", change);
    slider.addEventListener("input", change);
    swap.addEventListener("click", () => {
      [a.value, b.value] = [b.value, a.value];
      change();
    });
    a.form.addEventListener("submit", (event) => event.preventDefault());
    copy.addEventListener("click", async () => {
      write(true);
      field.value = location.href;
      const copied = await Promise.resolve()
        .then(() => navigator.clipboard.writeText(location.href))
        .then(() => true, () => false);
      field.hidden = copied;
      said.textContent = copied ? "Copied." : "Copy this address:";
      if (!copied) field.select();
    });
    addEventListener("hashchange", restore);
    box.hidden = false;
    restore();
  }

  function start() {
    const forms = all("form[data-eg=heat]");
    if (forms.length) heat(forms);
    all(".eg-compare").forEach(compare);
  }
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
