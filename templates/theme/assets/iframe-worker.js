/* Lets the search worker run on file://, where browsers refuse real workers: a hidden frame takes its place. */
(function () {
  "use strict";
  if (location.protocol !== "file:") return;
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.queue = [];
      const frame = (this.frame = document.createElement("iframe"));
      frame.hidden = true;
      frame.title = "search";
      frame.addEventListener("load", () => this.start(String(new URL(url, document.baseURI))), { once: true });
      frame.srcdoc = "<!doctype html><title>search</title>";
      document.documentElement.append(frame);
    }
    start(url) {
      const inner = this.frame.contentWindow;
      const load = (src) =>
        new Promise((resolve, reject) => {
          const script = inner.document.createElement("script");
          script.onload = () => resolve();
          script.onerror = () => reject(new Error("cannot load " + src));
          script.src = new URL(src, url);
          inner.document.head.append(script);
        });
      inner.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inner.importScripts = (...urls) => urls.reduce((done, src) => done.then(() => load(src)), Promise.resolve());
      load(url).then(
        () => {
          const queue = this.queue;
          this.queue = null;
          queue.forEach((data) => this.postMessage(data));
        },
        (error) => this.dispatchEvent(new ErrorEvent("error", { message: error.message }))
      );
    }
    postMessage(data) {
      if (this.queue) this.queue.push(data);
      else this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }
    terminate() {
      this.frame.remove();
    }
  };
})();
