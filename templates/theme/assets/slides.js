/* The slide deck: keys go from slide to slide, and the address names the one shown. Without it, scroll. */
(function () {
  "use strict";
  const slides = Array.from(document.querySelectorAll(".slide"));
  const where = document.querySelector(".where");
  let shown = 0;
  const say = () => {
    where.textContent = shown + 1 + " / " + slides.length;
    history.replaceState(null, "", "#" + slides[shown].id);
  };
  const go = (index) => {
    shown = Math.max(0, Math.min(slides.length - 1, index));
    slides[shown].scrollIntoView();
    say();
  };
  const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const ends = { Home: 0, End: slides.length - 1 };
    const step = event.key === " " && event.shiftKey ? -1 : steps[event.key];
    if (!step && !(event.key in ends)) return;
    event.preventDefault();
    go(step ? shown + step : ends[event.key]);
  });
  /* Scrolled by hand: the slide that fills most of the window is the one shown. */
  let waiting = 0;
  addEventListener("scroll", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const off = slides.map((slide) => Math.abs(slide.getBoundingClientRect().top));
      const nearest = off.indexOf(Math.min(...off));
      if (nearest !== shown) { shown = nearest; say(); }
    }, 150);
  }, { passive: true });
  /* The first slide is quick to see; then all pictures are loaded, for printing and for halls without Wi-Fi. */
  addEventListener("load", () => {
    for (const image of document.images) image.loading = "eager";
  });
  const named = () => {
    const at = slides.findIndex((slide) => "#" + slide.id === decodeURIComponent(location.hash));
    if (at >= 0) go(at);
    else say();
  };
  addEventListener("hashchange", named);
  named();
})();
