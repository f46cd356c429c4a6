/* On every page: tables that sort, the view in the address. Everything reads without it; it only adds controls. */
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
    const text = state.toString().replace(/%2C/g, ",");
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
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

  /* On paper, pictures not scrolled to yet are wanted too. */
  addEventListener("beforeprint", () => {
    for (const image of all("img[loading=lazy]")) image.loading = "eager";
  });

  /* Code can be copied: by the clipboard where a browser allows it, else by what is selected. */
  function copyable(block) {
    const bar = document.createElement("div");
    const button = document.createElement("button");
    bar.className = "eg-controls eg-copy-code";
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      const code = block.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        getSelection().selectAllChildren(code);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    bar.append(button);
    block.append(bar);
  }

  /* An old version, kept in the folder v/ of a newer site, asks that site which version is the newest. */
  function versions() {
    const place = location.pathname.match(/^(.*\/)v\/([^/]+)\/(.*)$/);
    if (!place) return;
    const script = document.createElement("script");
    script.src = new URL(place[1] + "versions.js", location.href);
    script.onload = () => {
      const newest = (window.galleryVersions || {}).newest;
      const here = decodeURIComponent(place[2]);
      if (!newest || newest === here) return;
      const note = document.createElement("p");
      const link = document.createElement("a");
      note.className = "eg-old";
      note.setAttribute("role", "note");
      link.href = new URL(place[1] + "index.html", location.href);
      link.textContent = "version " + newest;
      note.append("This is version " + here + " of the gallery. There is a newer one: ", link, ".");
      document.querySelector("h1").before(note);
    };
    document.head.append(script);
  }

  function start() {
    all("table[data-sort]").forEach(sortable);
    all(".highlight").forEach(copyable);
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
    versions();
    addEventListener("hashchange", reveal);
    if (document.querySelector("details :target")) reveal();
  }
  window.gallery = { all, readState, writeState };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
