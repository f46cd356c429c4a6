/* The counterfactual quiz. The page holds every question with its answer, to be read without this file; with it,
   one question is shown at a time, and its answer only once it has been given. Nothing leaves the browser. */
(function () {
  "use strict";
  const root = document.querySelector(".eg-quiz");
  if (!root) return;
  const all = (selector, within) => Array.from((within || root).querySelectorAll(selector));
  const one = (selector, within) => (within || root).querySelector(selector);

  /* What the address asks for: quiz.html#seed=p07&n=20&help=sag,rise&participant=p07&feedback=no */
  function wishes() {
    const hash = location.hash.slice(1);
    return new URLSearchParams(hash.includes("=") ? hash : "");
  }
  const plain = (text) => (text || "").replace(/[^\p{L}\p{N}._-]/gu, "").slice(0, 40);

  /* A seed gives the same draw in every browser: FNV-1a into mulberry32. */
  function random(seed) {
    let state = 2166136261;
    for (const byte of new TextEncoder().encode(seed)) state = Math.imul(state ^ byte, 16777619);
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }
  function shuffle(items, draw) {
    const mixed = items.slice();
    for (let i = mixed.length - 1; i > 0; i--) {
      const j = Math.floor(draw() * (i + 1));
      [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
    }
    return mixed;
  }

  /* Storage may be switched off; then answers last until the page is left. */
  const memory = {};
  let keeps = true;
  function load(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return memory[key] ? JSON.parse(memory[key]) : null;
    }
  }
  function save(key, value) {
    memory[key] = JSON.stringify(value);
    try {
      localStorage.setItem(key, memory[key]);
    } catch {
      keeps = false;
    }
  }

  /* Questions, with their answers taken out of the page. */
  const questions = all("li[data-question]").map((item) => {
    const truth = one(".eg-truth", item);
    const article = item.closest("article");
    truth.remove();
    return { id: item.dataset.question, kind: item.dataset.kind, item, article, truth, answer: truth.dataset.answer };
  });
  const titles = { sag: "Attention graph" };
  for (const help of all("figure[data-help]")) {
    titles[help.dataset.help] ||= one(".eg-name", help).textContent.replace(/^Help: /, "");
  }

  /* Who gets which question with which help. */
  const asked = wishes();
  const known = Object.keys(titles);
  const wanted = (asked.get("help") || "").split(",").filter((name) => known.includes(name));
  const helps = wanted.length ? known.filter((name) => wanted.includes(name)) : known;
  const shows = asked.get("feedback") !== "no";
  const base = "eg-quiz " + root.dataset.key;
  const fresh = () => Math.floor(Math.random() * 36 ** 6).toString(36);
  const current = load(base) || {};
  const seed = plain(asked.get("seed")) || current.seed || fresh();
  save(base, { seed });
  const n = Math.max(0, Math.round(Number(asked.get("n")))) || 0;
  const key = [base, seed, helps.join(","), n || "all"].join(" ");
  const stored = load(key) || {};
  const session = { participant: plain(asked.get("participant")) || stored.participant || "", answers: stored.answers || [] };

  function deal() {
    const draw = random(seed);
    const order = shuffle(questions, draw);
    const heatmaps = shuffle(helps.filter((name) => name !== "sag"), draw);
    const kinds = [helps.includes("sag") && "sag", heatmaps.length && "heatmap"].filter(Boolean);
    let turn = 0;
    let block = [];
    return order.map((question) => {
      if (!block.length) block = shuffle(kinds, draw);
      const condition = block.pop();
      return { ...question, condition, help: condition === "sag" ? "sag" : heatmaps[turn++ % heatmaps.length] };
    });
  }
  const plan = deal().slice(0, n || undefined);

  const bar = one(".eg-quiz-bar");
  const said = one(".eg-quiz-said");
  const next = one(".eg-quiz-next");
  const score = one(".eg-quiz-score");
  const form = one("form", score);
  const buttons = ["A", "B"].map((name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "eg-choose";
    button.append(name + " lowers it more");
    button.addEventListener("click", () => choose(name));
    return button;
  });
  let position = session.answers.length;
  let since = 0;
  let open = false;

  function show(focus) {
    const step = plan[position];
    for (const article of all("article")) article.hidden = !step || article !== step.article;
    next.hidden = true;
    said.textContent = "";
    progress();
    if (!step) return finish(focus);
    for (const { item } of questions) item.hidden = item !== step.item;
    for (const help of all("figure[data-help]", step.article)) help.hidden = help.dataset.help !== step.help;
    all("figure[data-set]", step.item).forEach((figure, i) => one("figcaption", figure).append(buttons[i]));
    for (const button of buttons) {
      button.disabled = false;
      button.removeAttribute("aria-pressed");
    }
    step.item.append(said, next);
    step.article.dataset.shown = step.help;
    const canvas = one(".eg-canvas", step.article);
    canvas.scrollTo((canvas.scrollWidth - canvas.clientWidth) / 2, 0);
    const text = one(".eg-asked", step.item);
    text.tabIndex = -1;
    if (focus) {
      text.focus({ preventScroll: true });
      bar.scrollIntoView();
    }
    open = true;
    since = performance.now();
  }

  function choose(name) {
    if (!open) return;
    open = false;
    const step = plan[position];
    const correct = name === step.answer;
    session.answers.push({ id: step.id, answer: name, correct, ms: Math.round(performance.now() - since) });
    save(key, session);
    position += 1;
    if (!shows) return show(true);
    buttons.forEach((button, i) => {
      button.disabled = true;
      button.setAttribute("aria-pressed", String("AB"[i] === name));
    });
    const verdict = document.createElement("strong");
    verdict.className = correct ? "eg-right" : "eg-wrong";
    verdict.append(correct ? "✓ Right." : "✗ Wrong.");
    said.replaceChildren(verdict, " ", ...Array.from(one("p", step.truth).cloneNode(true).childNodes));
    one("button", next).textContent = position < plan.length ? "Next question" : "See the score";
    next.hidden = false;
    progress();
    one("button", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function progress() {
    const meter = one("progress", bar);
    meter.max = plan.length;
    meter.value = session.answers.length;
    const at = next.hidden ? position + 1 : position;
    const where = at > plan.length ? "All " + plan.length + " answered" : "Question " + at + " of " + plan.length;
    one("output", bar).textContent = where + (keeps ? "" : " · this browser keeps no answers: export them before you leave");
    bar.hidden = false;
    table();
  }

  function table() {
    const groups = [["sag", (step) => step.condition === "sag"], ["heatmap", (step) => step.condition === "heatmap"]];
    if (helps.length > 2) for (const name of helps) if (name !== "sag") groups.push([name, (step) => step.help === name]);
    const rows = groups.map(([name, belongs]) => {
      const taken = session.answers.filter((_, i) => belongs(plan[i]));
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.append(name === "heatmap" ? "Heatmaps" : titles[name]);
      row.append(head);
      for (const value of [taken.filter((answer) => answer.correct).length, taken.length]) row.insertCell().append(value);
      return row;
    });
    one("tbody", score).replaceChildren(...rows);
    one("table", score).hidden = !session.answers.length || (!shows && position < plan.length);
    form.elements.export.disabled = form.elements.restart.disabled = !session.answers.length;
    score.hidden = false;
  }

  function finish(focus) {
    const right = session.answers.filter((answer) => answer.correct).length;
    score.before(said);
    said.textContent = "Thank you. " + right + " of " + plan.length + " right.";
    if (!focus) return;
    said.tabIndex = -1;
    said.focus();
  }

  const columns = ["participant", "seed", "position", "question", "image", "classifier", "kind", "condition", "method", "answer", "truth", "correct", "milliseconds"];
  function csv() {
    const rows = session.answers.map((answer, i) => {
      const step = plan[i];
      const { image, classifier } = step.article.dataset;
      const method = step.condition === "sag" ? "" : step.help;
      return [session.participant, seed, i + 1, step.id, image, classifier, step.kind, step.condition, method, answer.answer, step.answer, answer.correct, answer.ms];
    });
    /* No field needs quotes: all are slugs, numbers, or text that plain() has been through. */
    return [columns, ...rows].map((row) => row.join(",") + "\r\n").join("");
  }
  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = ["quiz", session.participant, seed].filter(Boolean).join("-") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  function restart() {
    if (!confirm("Delete all " + session.answers.length + " answers of this browser to these questions?")) return;
    session.answers = [];
    save(key, session);
    /* A seed that was drawn here is drawn anew; one from the address stays. */
    if (!asked.get("seed")) save(base, { seed: fresh() });
    location.reload();
  }

  one("button", next).addEventListener("click", () => show(true));
  form.elements.participant.value = session.participant;
  form.elements.participant.addEventListener("input", (event) => {
    session.participant = plain(event.target.value);
    save(key, session);
  });
  form.elements.export.addEventListener("click", download);
  form.elements.restart.addEventListener("click", restart);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const name = event.key.toUpperCase();
    if (event.ctrlKey || event.metaKey || event.altKey || !["A", "B"].includes(name)) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    choose(name);
  });
  addEventListener("hashchange", () => {
    if (location.hash.includes("=")) location.reload();
  });
  root.classList.add("eg-live");
  show(false);
})();
