/* Pages with live = true: the button that brings the classifier into the browser. Everything else comes with it. */
(function () {
  "use strict";
  const { all, make } = window.gallery;
  const scripts = {};
  const script = (src) =>
    (scripts[src] ||= new Promise((done, fail) => {
      const element = src.endsWith(".css") ? make("link", "", { rel: "stylesheet", href: src }) : make("script", "", { src });
      element.onload = done;
      element.onerror = () => {
        delete scripts[src]; // the next click tries again
        fail(new Error(src.split("/").pop() + " could not be loaded; it belongs to the folders beside these pages."));
      };
      document.head.append(element);
    }));
  for (const box of all("[data-eg=live]")) {
    const button = box.querySelector("button");
    const said = box.querySelector(".eg-live-said");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        for (const name of ["live.css", "live-model.js", "live-board.js"]) await script(box.dataset.root + "assets/" + name);
        await window.gallery.live(box, script, (text) => (said.textContent = text));
        button.parentElement.remove();
        box.querySelector(".eg-live-answer").focus({ preventScroll: true });
      } catch (error) {
        said.textContent = "The classifier cannot run here: " + (error.message || error);
        button.disabled = false;
      }
    });
    box.hidden = false;
  }
})();
