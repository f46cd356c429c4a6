/* Index: which tiles are shown, in which order, and what their second picture is. Loaded after gallery.js. */
(function () {
  "use strict";
  const { all, readState, writeState } = window.gallery;
  const STEP = 60; /* tiles added at a time; browsers lay out a thousand, but nobody looks at them all */

  function picture(src, alt, width, height) {
    const image = new Image(width, height);
    image.alt = alt;
    image.loading = "lazy";
    image.src = src;
    return image;
  }

  /* The maps of one method come as a script, because pages on file:// may not read other files. */
  function withHeats(method, then) {
    const known = (window.galleryHeats ??= {});
    if (!method || known[method]) return then(known[method]);
    const script = document.createElement("script");
    script.src = "heats/" + encodeURIComponent(method) + ".js";
    script.onload = () => then(known[method]);
    document.head.append(script);
  }

  function showSecond(card, heat) {
    const second = card.querySelector(".eg-second");
    second.original ??= Array.from(second.childNodes);
    if (second.heat === heat) return;
    second.heat = heat;
    if (!heat) return second.replaceChildren(...second.original);
    const photo = card.querySelector(".eg-pair > img");
    const stack = document.createElement("span");
    stack.className = "eg-stack" + (heat[2] ? " eg-signed" : "");
    const map = picture(heat[0], heat[1], photo.width, photo.height);
    map.className = "eg-heat";
    stack.append(picture(photo.getAttribute("src"), "", photo.width, photo.height), map);
    second.replaceChildren(stack);
  }

  function start(form) {
    const index = form.parentElement;
    const grid = index.querySelector(".eg-grid");
    const cards = all(".eg-card", grid);
    const { method, sort, q } = form.elements;
    const fields = all("select, input", form);
    const facets = fields.filter((field) => field !== method && field !== sort && field !== q);
    const output = form.querySelector("output");
    const more = index.querySelector(".eg-next button");
    const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const texts = cards.map((card) => plain(card.textContent + " " + card.dataset.id));
    const keys = cards.map((card) => card.dataset.keys.split(" ").map((key) => (key === "-" ? Infinity : Number(key))));
    let fitting = [];
    let limit = STEP;

    const reveal = () => {
      cards.forEach((card) => (card.hidden = true));
      fitting.slice(0, limit).forEach((i) => (cards[i].hidden = false));
      const left = fitting.length - limit;
      more.parentElement.hidden = left <= 0;
      more.textContent = "Show " + Math.min(STEP, left) + " more of " + fitting.length;
    };
    const apply = () => {
      const words = plain(q.value).split(/\s+/).filter(Boolean);
      const fits = (card, i) =>
        facets.every((field) => !field.value || card.dataset[field.name] === field.value) &&
        words.every((word) => texts[i].includes(word));
      const wanted = method ? method.value : "";
      withHeats(wanted, (heats) => {
        if (wanted !== (method ? method.value : "")) return; /* another choice was quicker */
        const order = cards.map((_, i) => i);
        const key = sort.selectedIndex - 1;
        const by = (a, b) => (keys[a][key] === keys[b][key] ? a - b : keys[a][key] - keys[b][key]);
        if (key >= 0) order.sort(by);
        grid.append(...order.map((i) => cards[i]));
        for (const i of order) {
          showSecond(cards[i], heats && heats[i]);
          const caption = cards[i].querySelector(".eg-caption");
          caption.original ??= caption.textContent;
          caption.textContent = wanted ? method.selectedOptions[0].text : caption.original;
        }
        fitting = order.filter((i) => fits(cards[i], i) && (!heats || heats[i]));
        reveal();
        output.textContent = (fitting.length === cards.length ? "all " : fitting.length + " of ") + cards.length + " shown";
        index.querySelector(".eg-none").hidden = fitting.length > 0;
      });
    };
    const change = () => {
      limit = STEP;
      writeState(Object.fromEntries(fields.map((field) => [field.name, field.value.trim()])));
      apply();
    };
    const restore = () => {
      const state = readState();
      for (const field of fields) {
        const value = state.get(field.name) || "";
        const known = !field.options || Array.from(field.options).some((option) => option.value === value);
        field.value = known ? value : "";
      }
      apply();
    };
    form.addEventListener("input", change);
    form.addEventListener("change", change);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(change));
    more.addEventListener("click", () => {
      const next = cards[fitting[limit]];
      limit += STEP;
      reveal();
      next.querySelector("a").focus();
    });
    addEventListener("hashchange", restore);
    restore();
  }
  all("form[data-eg=filters]").forEach(start);
})();
