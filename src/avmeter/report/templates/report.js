// The table of samples: sorted, filtered and paged here, so that thousands of rows stay quick.
// Text reaches the page through textContent only. The state is in the address after "#", to be linked and restored.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const table = byId("table"), controls = byId("controls"), pager = byId("pager");
  const SECTIONS = new Set(Array.from(document.querySelectorAll("section[id]"), (s) => s.id));
  const FIELDS = [["video", "video"], ["audio", "audio"], ["reference", "reference"], ["reference_audio", "reference audio"]];
  const hasClips = data.samples.some((s) => s.media);
  const state = { sort: "", desc: false, q: "", which: "all", size: 25, page: 1 };
  const opened = new Set();

  data.samples.forEach((s, i) => {
    s.index = i;
    const texts = Object.values(s.texts || {});
    Object.values(s.details || {}).forEach((d) => { if (typeof d.transcription === "string") texts.push(d.transcription); });
    s.search = [s.id, ...texts].join("\n").toLowerCase();
  });
  const ranges = data.metrics.map((_, k) => {
    let low = Infinity, high = -Infinity;
    for (const s of data.samples) {
      const v = s.scores[k];
      if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); }
    }
    return [low, high];
  });

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "text") element.textContent = value;
      else if (name === "class") element.className = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function number(value) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e6 || size < 1e-4) return value.toExponential(3);
    return value.toFixed(Math.min(20, Math.max(0, 3 - Math.floor(Math.log10(size)))));
  }

  function readAddress() {
    const hash = location.hash.slice(1);
    if (SECTIONS.has(hash)) return;
    const given = new URLSearchParams(hash);
    const known = new Set(["", "id", ...data.metrics.map((m) => m.name)]);
    const sort = given.get("sort") || "";
    state.sort = known.has(sort) ? sort : "";
    state.desc = given.get("dir") === "desc";
    state.q = given.get("q") || "";
    state.which = ["skipped", "scored"].includes(given.get("show")) ? given.get("show") : "all";
    state.size = [25, 50, 100].includes(Number(given.get("rows"))) ? Number(given.get("rows")) : 25;
    state.page = Math.max(1, Math.floor(Number(given.get("page"))) || 1);
    const index = data.samples.findIndex((s) => s.id === given.get("open"));
    if (index >= 0) opened.add(index);
    byId("query").value = state.q;
    byId("which").value = state.which;
    byId("size").value = String(state.size);
  }

  function writeAddress() {
    const given = new URLSearchParams();
    if (state.sort) { given.set("sort", state.sort); given.set("dir", state.desc ? "desc" : "asc"); }
    if (state.q) given.set("q", state.q);
    if (state.which !== "all") given.set("show", state.which);
    if (state.size !== 25) given.set("rows", String(state.size));
    if (state.page > 1) given.set("page", String(state.page));
    const text = given.toString();
    try { history.replaceState(null, "", text ? "#" + text : "#samples"); } catch (error) {
      if (!(error instanceof DOMException)) throw error; // some browsers allow no state in files from disk
    }
  }

  function chosen() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = data.samples.filter((s) =>
      words.every((w) => s.search.includes(w)) &&
      (state.which === "all" || Boolean(s.skips) === (state.which === "skipped")));
    if (!state.sort) return rows;
    const sign = state.desc ? -1 : 1;
    if (state.sort === "id") return rows.sort((a, b) => sign * a.id.localeCompare(b.id, undefined, { numeric: true }));
    const k = data.metrics.findIndex((m) => m.name === state.sort);
    return rows.sort((a, b) => { // samples without a score stay last in both directions
      const x = a.scores[k], y = b.scores[k];
      if (x === null || y === null) return (x === null) - (y === null) || a.index - b.index;
      return sign * (x - y) || a.index - b.index;
    });
  }

  function heading(name, label, css) {
    const button = make("button", { type: "button", text: label });
    button.addEventListener("click", () => {
      if (state.sort === name && state.desc) Object.assign(state, { sort: "", desc: false });
      else if (state.sort === name) state.desc = true;
      else Object.assign(state, { sort: name, desc: false });
      state.page = 1;
      update();
    });
    const cell = make("th", { scope: "col", class: css }, button);
    cell.dataset.column = name;
    return cell;
  }

  function head() {
    const row = make("tr", {}, heading("id", "Sample", ""));
    if (hasClips) row.append(make("th", { scope: "col", text: "Clips" }));
    for (const m of data.metrics) {
      const arrow = { higher: " ↑", lower: " ↓" }[m.direction] || "";
      const cell = heading(m.name, m.name + arrow, "num");
      if (m.dummy) cell.append(make("span", { class: "mark", text: "[dummy weights]" }));
      row.append(cell);
    }
    table.tHead.replaceChildren(row);
  }

  function player(field, label, url) {
    const kind = field === "video" || field === "reference" ? "video" : "audio";
    const element = make(kind, { controls: "", preload: "none", src: url, "aria-label": label });
    return make("span", { class: "clip" }, label, element);
  }

  function scoreCell(s, k) {
    const value = s.scores[k], skip = (s.skips || {})[k];
    if (value === null) {
      const cell = make("td", { class: "num" });
      cell.append(skip ? make("span", { class: "code", text: skip[0], title: skip[1] }) : make("span", { class: "absent", text: "–" }));
      return cell;
    }
    const shown = make("span", { class: "value", text: number(value), title: String(value) });
    const [low, high] = ranges[k];
    if (high > low) shown.style.setProperty("--share", ((value - low) / (high - low)).toFixed(3));
    const cell = make("td", { class: "num" }, shown);
    if ((s.dummy || []).includes(k)) cell.append(make("span", { class: "mark", text: "[dummy weights]" }));
    return cell;
  }

  function diff(steps, separator) {
    const line = make("span", { class: "diff" });
    for (const [kind, reference, heard] of steps) {
      if (line.childNodes.length && separator) line.append(separator);
      if (kind === "equal") line.append(String(reference));
      else {
        if (reference !== null) line.append(make("del", { text: reference, title: "expected" }));
        if (reference !== null && heard !== null && separator) line.append(separator);
        if (heard !== null) line.append(make("ins", { text: heard, title: "heard" }));
      }
    }
    return line;
  }

  function isDiff(value) {
    return Array.isArray(value) && value.length > 0 && value.every((step) => Array.isArray(step) && step.length === 3 && typeof step[0] === "string");
  }

  function detail(title, facts) {
    const list = make("dl");
    for (const [name, value] of Object.entries(facts)) {
      const item = make("dd");
      if (name === "diff" && isDiff(value)) item.append(diff(value, facts.char_level ? "" : " "));
      else if (typeof value === "number") item.textContent = Number.isInteger(value) ? String(value) : number(value);
      else if (typeof value === "string") item.textContent = value;
      else item.textContent = JSON.stringify(value);
      list.append(make("dt", { text: name.replaceAll("_", " ") }), item);
    }
    return make("div", { class: "detail" }, make("h3", { text: title }), list);
  }

  function more(s) {
    const grid = make("div", { class: "detail-grid" });
    if (s.texts) grid.append(detail("sample", s.texts));
    data.metrics.forEach((m, k) => {
      const skip = (s.skips || {})[k];
      const facts = { ...((s.details || {})[k] || {}) };
      if (skip) {
        delete facts.skipped;
        Object.assign(facts, { skipped: skip[1] }, skip[2] ? { hint: skip[2] } : {});
      }
      if (Object.keys(facts).length) grid.append(detail(m.name, facts));
    });
    if (!grid.childNodes.length) grid.append(make("p", { text: "No details." }));
    const width = 1 + Number(hasClips) + data.metrics.length;
    return make("tr", { class: "more", id: "more-" + s.index }, make("td", { colspan: width }, grid));
  }

  function rowsOf(s) {
    const opener = make("button", { type: "button", class: "opener", "aria-expanded": String(opened.has(s.index)), "aria-controls": "more-" + s.index, "aria-label": "Details of " + s.id });
    const title = make("div", { class: "title" }, opener, make("span", { class: "name", text: s.id }));
    const name = make("td", { class: "sample" }, title);
    const prompt = (s.texts || {}).text_prompt || (s.texts || {}).reference_text;
    if (prompt) name.append(make("span", { class: "prompt", text: prompt, title: prompt }));
    const row = make("tr", { class: "main" }, name);
    row.dataset.id = s.id;
    if (hasClips) {
      const clips = make("div");
      for (const [field, label] of FIELDS) if (s.media && s.media[field]) clips.append(player(field, label, s.media[field]));
      row.append(make("td", { class: "clips" }, clips));
    }
    data.metrics.forEach((_, k) => row.append(scoreCell(s, k)));
    opener.addEventListener("click", () => {
      const isOpen = opened.has(s.index);
      if (isOpen) { opened.delete(s.index); byId("more-" + s.index).remove(); }
      else { opened.add(s.index); row.after(more(s)); }
      opener.setAttribute("aria-expanded", String(!isOpen));
    });
    return opened.has(s.index) ? [row, more(s)] : [row];
  }

  function draw() {
    const rows = chosen();
    const pages = Math.max(1, Math.ceil(rows.length / state.size));
    state.page = Math.min(state.page, pages);
    const start = (state.page - 1) * state.size;
    table.tBodies[0].replaceChildren(...rows.slice(start, start + state.size).flatMap(rowsOf));
    for (const cell of table.tHead.rows[0].cells) {
      if (cell.dataset.column === state.sort && state.sort) cell.setAttribute("aria-sort", state.desc ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    const all = data.samples.length;
    byId("count").textContent = rows.length === all ? `${all} samples` : `${rows.length} of ${all} samples`;
    byId("page").textContent = `Page ${state.page} of ${pages}`;
    byId("first").disabled = byId("previous").disabled = state.page === 1;
    byId("last").disabled = byId("next").disabled = state.page === pages;
    pager.hidden = pages === 1;
    pager.dataset.pages = String(pages);
  }

  function update() { writeAddress(); draw(); }
  function turn(page) { state.page = Math.min(Math.max(1, page), Number(pager.dataset.pages)); update(); byId("samples").scrollIntoView(); }

  byId("query").addEventListener("input", (e) => { state.q = e.target.value; state.page = 1; update(); });
  byId("which").addEventListener("change", (e) => { state.which = e.target.value; state.page = 1; update(); });
  byId("size").addEventListener("change", (e) => { state.size = Number(e.target.value); state.page = 1; update(); });
  byId("first").addEventListener("click", () => turn(1));
  byId("previous").addEventListener("click", () => turn(state.page - 1));
  byId("next").addEventListener("click", () => turn(state.page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  controls.addEventListener("submit", (e) => e.preventDefault());
  window.addEventListener("hashchange", () => { if (!SECTIONS.has(location.hash.slice(1))) { readAddress(); draw(); } });
  document.addEventListener("play", (e) => { // one clip at a time
    for (const other of document.querySelectorAll("audio, video")) if (other !== e.target) other.pause();
  }, true);

  controls.hidden = data.samples.length < 2;
  head();
  readAddress();
  draw();
})();
