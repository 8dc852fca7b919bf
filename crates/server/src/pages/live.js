// Keeps an open page up to date. Everything it shows is text; nothing of a log is ever markup.
(() => {
  "use strict";
  for (const time of document.querySelectorAll("time")) time.title = new Date(time.dateTime).toLocaleString();

  // A page that a browser kept and shows again by its Back button has stopped listening.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // A run: the part that changes is asked for again, at most once in half a second.
  const live = document.getElementById("live");
  if (live && live.dataset.follow) {
    const source = new EventSource(live.dataset.follow);
    let asked = null;
    const load = async () => {
      asked = null;
      if (live.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return later();
      const answer = await fetch(live.dataset.part, { credentials: "same-origin" }).catch(() => null);
      if (answer && answer.ok) live.innerHTML = await answer.text();
    };
    const later = () => { asked ??= setTimeout(load, 500); };
    source.addEventListener("changed", later);
    source.addEventListener("done", () => { source.close(); later(); });
  }

  // A job: its steps and their lines.
  const log = document.getElementById("log");
  if (!log) return;
  const shapes = { success: "M4.5 8.2l2.4 2.4 4.6-5", failure: "M5 5l6 6M11 5l-6 6", cancelled: "M5 8h6", skipped: "M5 11l6-6", in_progress: "M8 3.2a4.8 4.8 0 0 1 4.8 4.8" };
  const svg = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    return node;
  };
  const sign = (word) => {
    const outer = document.createElement("span");
    outer.className = "sign " + word;
    outer.title = word.replace("_", " ");
    const picture = svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16 });
    picture.append(svg("circle", { cx: 8, cy: 8, r: 6.6 }), svg("path", { d: shapes[word] || "M8 8h.01" }));
    outer.append(picture);
    return outer;
  };
  const length = (ms) => ms < 1000 ? Math.max(0, Math.round(ms)) + " ms" : ms < 60000 ? Math.round(ms / 1000) + " s" : Math.floor(ms / 60000) + " min " + Math.round(ms / 1000) % 60 + " s";
  const steps = new Map();
  const step = (number) => {
    let found = steps.get(number);
    if (found) return found;
    const box = document.createElement("details");
    box.className = "step";
    const head = document.createElement("summary");
    const name = document.createElement("span"); name.className = "name"; name.textContent = "Set up job";
    const took = document.createElement("span"); took.className = "soft";
    const mark = document.createElement("span"); mark.append(sign("in_progress"));
    head.append(mark, name, took);
    const lines = document.createElement("div"); lines.className = "lines";
    box.append(head, lines);
    found = { number, box, name, took, mark, lines, count: 0, at: null, touched: false, ended: false };
    head.addEventListener("click", () => { found.touched = true; });
    steps.set(number, found);
    const next = [...steps.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    log.insertBefore(box, next === undefined ? null : steps.get(next).box);
    return found;
  };
  // Colours of terminals; everything else that is not text is dropped.
  const paint = (row, text) => {
    let classes = [];
    for (const part of text.split(/(\x1b\[[0-9;?]*[A-Za-z])/)) {
      const code = /^\x1b\[([0-9;]*)m$/.exec(part);
      if (code) {
        for (const number of code[1].split(";").map(Number)) {
          if (number === 0) classes = [];
          else if (number === 1) classes.push("b");
          else if (number >= 30 && number <= 37) classes = classes.filter((c) => c === "b").concat("c" + (number - 30));
          else if (number >= 90 && number <= 97) classes = classes.filter((c) => c === "b").concat("c" + (number - 82));
          else if (number === 39) classes = classes.filter((c) => c === "b");
        }
      } else if (part && part[0] !== "\x1b") {
        const piece = document.createElement("span");
        if (classes.length) piece.className = classes.join(" ");
        piece.textContent = part;
        row.append(piece);
      }
    }
  };
  const marks = [["##[error]", "error"], ["##[warning]", "warning"], ["##[notice]", "command"], ["##[group]", "group"], ["##[command]", "command"], ["##[debug]", "debug"]];
  const line = (to, stream, text) => {
    if (stream === 2 && text.startsWith("##[endgroup]")) return;
    const row = document.createElement("div");
    row.dataset.n = ++to.count;
    if (stream === 2) for (const [mark, name] of marks) if (text.startsWith(mark)) { row.className = name; text = text.slice(mark.length); break; }
    // One box beside the number: a line of several colours is one line all the same.
    const words = document.createElement("span");
    paint(words, text);
    row.append(words);
    to.lines.append(row);
  };
  const source = new EventSource(log.dataset.lines);
  source.addEventListener("step", (event) => {
    const told = JSON.parse(event.data), to = step(told.step);
    if (told.name !== undefined) {
      to.name.textContent = told.name; to.at = told.at;
      if (told.parent !== null && told.parent !== undefined) to.box.classList.add("inner");
      if (!to.touched) to.box.open = true;
    } else {
      to.ended = true;
      to.mark.replaceChildren(sign(told.conclusion));
      if (to.at !== null) to.took.textContent = length((told.at - to.at) / 1000);
      if (told.reason) to.took.textContent = told.reason + " · " + to.took.textContent;
      if (!to.touched) to.box.open = told.conclusion === "failure";
    }
  });
  source.addEventListener("lines", (event) => {
    const below = window.innerHeight + window.scrollY >= document.body.offsetHeight - 80;
    for (const [number, stream, , text] of JSON.parse(event.data)) {
      const to = step(number), inner = to.lines;
      const follow = inner.scrollTop + inner.clientHeight >= inner.scrollHeight - 40;
      const all = text.split("\n");
      if (all.at(-1) === "") all.pop();
      for (const one of all) line(to, stream, one);
      if (follow) inner.scrollTop = inner.scrollHeight;
    }
    if (below) window.scrollTo(0, document.body.scrollHeight);
  });
  source.addEventListener("anew", () => { steps.clear(); log.replaceChildren(); });
  source.addEventListener("done", (event) => {
    source.close();
    const { conclusion } = JSON.parse(event.data);
    const top = document.getElementById("job-sign");
    if (conclusion && top) top.replaceChildren(sign(conclusion));
    for (const one of steps.values()) if (!one.ended) one.mark.replaceChildren(sign(conclusion || "success"));
  });
})();
