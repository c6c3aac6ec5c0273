// The table of samples: sorted, filtered and paged here, so that thousands of rows stay quick.
// The state is in the address after "#", to be linked and restored.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const table = byId("table"), controls = byId("controls"), pager = byId("pager");
  const SECTIONS = new Set(Array.from(document.querySelectorAll("section[id]"), (s) => s.id));
  const SIZES = [25, 50, 100], MOST_VALUES = 200;
  const hasClips = data.samples.some((s) => s.media || s.drawn);
  const hasReferences = data.samples.some((s) => s.media && (s.media.reference || s.media.reference_audio));
  const opened = new Set();

  data.samples.forEach((s, i) => {
    s.index = i;
    const texts = Object.values(s.texts || {});
    Object.values(s.details || {}).forEach((d) => { if (typeof d.transcription === "string") texts.push(d.transcription); });
    s.search = [s.id, ...texts].join("\n").toLowerCase();
  });

  // A column is a metric or a value that the samples bring along; both are filtered, sorted and chosen alike.
  const columns = [
    ...data.metrics.map((m, k) => ({ name: m.name, metric: m, k, value: (s) => s.scores[k], isNumber: true })),
    ...(data.columns || []).map((name) => ({ name, value: (s) => (s.columns || {})[name] ?? null })),
  ];
  for (const c of columns) {
    const values = data.samples.map(c.value).filter((v) => v !== null);
    c.isNumber = c.isNumber || (values.length > 0 && values.every((v) => typeof v === "number"));
    c.isEmpty = values.length === 0;
    c.low = c.isNumber ? values.reduce((a, b) => Math.min(a, b), Infinity) : 0;
    c.high = c.isNumber ? values.reduce((a, b) => Math.max(a, b), -Infinity) : 0;
    c.values = c.isNumber ? [] : Array.from(new Set(values.map(String))).sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    c.isAllDummy = Boolean(c.metric && c.metric.dummy) && data.samples.every((s) => s.scores[c.k] === null || (s.dummy || []).includes(c.k));
  }
  const column = (name) => columns.find((c) => c.name === name);
  const isWorstHigh = (c) => !(c.metric && c.metric.direction === "higher");
  const usual = columns.filter((c) => c.metric && (!c.isEmpty || data.metrics.length === 1)).map((c) => c.name);
  const worst = columns.find((c) => c.metric && ["higher", "lower"].includes(c.metric.direction) && c.high > c.low);
  const first = worst ? { sort: worst.name, desc: isWorstHigh(worst) } : { sort: "input", desc: false };
  const state = { ...first, q: "", which: "all", size: 25, page: 1, where: [], shown: usual };

  function readAddress() {
    const hash = location.hash.slice(1);
    if (SECTIONS.has(hash)) return;
    const asked = new URLSearchParams(hash);
    const sort = asked.get("sort") || "";
    if (sort === "id" || sort === "input" || column(sort)) Object.assign(state, { sort, desc: asked.get("dir") === "desc" });
    else Object.assign(state, first);
    state.q = asked.get("q") || "";
    state.which = ["skipped", "scored"].includes(asked.get("show")) ? asked.get("show") : "all";
    state.size = SIZES.includes(Number(asked.get("rows"))) ? Number(asked.get("rows")) : 25;
    state.page = Math.max(1, Math.floor(Number(asked.get("page"))) || 1);
    state.where = asked.getAll("where").map(parseFilter).filter(Boolean);
    const shown = asked.getAll("column").filter(column);
    state.shown = shown.length || asked.get("columns") === "none" ? shown : usual;
    const index = data.samples.findIndex((s) => s.id === asked.get("open"));
    if (index >= 0) opened.add(index);
    byId("query").value = state.q;
    byId("which").value = state.which;
    byId("size").value = String(state.size);
  }

  // ["language", "en"] is a value, ["audio.wer", 0.2, null] a range.
  function parseFilter(text) {
    let parts;
    try { parts = JSON.parse(text); } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
    if (!Array.isArray(parts) || !column(parts[0])) return null;
    if (parts.length === 2 && typeof parts[1] === "string") return parts;
    const isEnd = (v) => v === null || typeof v === "number";
    return parts.length === 3 && isEnd(parts[1]) && isEnd(parts[2]) ? parts : null;
  }

  function writeAddress() {
    const asked = new URLSearchParams();
    if (state.sort !== first.sort || state.desc !== first.desc) { asked.set("sort", state.sort); asked.set("dir", state.desc ? "desc" : "asc"); }
    if (state.q) asked.set("q", state.q);
    if (state.which !== "all") asked.set("show", state.which);
    if (state.size !== 25) asked.set("rows", String(state.size));
    if (state.page > 1) asked.set("page", String(state.page));
    for (const filter of state.where) asked.append("where", JSON.stringify(filter));
    if (state.shown.join("\n") !== usual.join("\n")) {
      if (!state.shown.length) asked.set("columns", "none");
      for (const name of state.shown) asked.append("column", name);
    }
    const text = asked.toString();
    try { history.replaceState(null, "", text ? "#" + text : "#samples"); } catch (error) {
      if (!(error instanceof DOMException)) throw error; // some browsers allow no state in files from disk
    }
  }

  function passes(s, [name, low, high], isRange) {
    const value = column(name).value(s);
    if (value === null) return false;
    return isRange ? (low === null || value >= low) && (high === null || value <= high) : String(value) === low;
  }

  function chosen() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = data.samples.filter((s) =>
      words.every((w) => s.search.includes(w)) &&
      (state.which === "all" || Boolean(s.skips) === (state.which === "skipped")) &&
      state.where.every((f) => passes(s, f, f.length === 3)));
    if (state.sort === "input") return rows;
    const sign = state.desc ? -1 : 1;
    const value = state.sort === "id" ? (s) => s.id : column(state.sort).value;
    return rows.sort((a, b) => { // samples without a value stay last in both directions
      const x = value(a), y = value(b);
      if (x === null || y === null) return (x === null) - (y === null) || a.index - b.index;
      if (typeof x === "number" && typeof y === "number") return sign * (x - y) || a.index - b.index;
      return sign * String(x).localeCompare(String(y), undefined, { numeric: true }) || a.index - b.index;
    });
  }

  function sortBy(sort, desc) { Object.assign(state, { sort, desc, page: 1 }); update(); }

  // A click shows the worst first, the next one the best, a third the order of the run.
  function heading(name, label, css) {
    const start = name === "id" ? false : isWorstHigh(column(name));
    const button = make("button", { type: "button" });
    label.split(/(?<=[._@])/).forEach((part, i) => button.append(...(i ? [make("wbr")] : []), part));
    button.addEventListener("click", () => {
      if (state.sort !== name) sortBy(name, start);
      else if (state.desc === start) sortBy(name, !start);
      else sortBy("input", false);
    });
    const cell = make("th", { scope: "col", class: css }, button);
    cell.dataset.column = name;
    return cell;
  }

  const visible = () => columns.filter((c) => state.shown.includes(c.name));

  function labelOf(c) { return c.metric ? c.name + ({ higher: " ↑", lower: " ↓" }[c.metric.direction] || "") : c.name; }

  function head() {
    const row = make("tr", {}, heading("id", "Sample", ""));
    if (hasClips) row.append(make("th", { scope: "col", text: hasReferences ? "Generated and reference" : "Clips" }));
    for (const c of visible()) {
      const cell = heading(c.name, labelOf(c), c.isNumber ? "num" : "");
      if (c.metric && c.metric.dummy) cell.append(make("span", { class: "mark", text: "[dummy weights]" }));
      row.append(cell);
    }
    table.tHead.replaceChildren(row);
  }

  function cellOf(s, c) {
    const value = c.value(s), skip = c.metric && (s.skips || {})[c.k];
    const mark = c.isAllDummy ? " [dummy weights]" : "";  // of the heading, which is not shown on narrow screens
    const cell = make("td", { class: c.isNumber ? "num" : "", "data-label": labelOf(c) + mark });
    if (value === null) {
      cell.append(skip ? make("span", { class: "code", text: skip[0], title: skip[1] }) : make("span", { class: "absent", text: "–" }));
    } else if (!c.isNumber) cell.append(String(value));
    else {
      const shown = make("span", { class: "value", text: number(value), title: String(value) });
      if (c.metric && c.high > c.low) shown.style.setProperty("--share", ((value - c.low) / (c.high - c.low)).toFixed(3));
      cell.append(shown);
      if (c.metric && !c.isAllDummy && (s.dummy || []).includes(c.k)) cell.append(make("span", { class: "mark", text: "[dummy weights]" }));
    }
    return cell;
  }

  const isNothing = (v) => v === null || v === "" || (typeof v === "object" && Object.keys(v).length === 0);

  function detail(title, facts) {
    const list = make("dl");
    for (const [name, value] of Object.entries(facts)) {
      if (isNothing(value)) continue;
      const item = make("dd");
      if (name === "diff" && isDiff(value)) item.append(diff(value, facts.char_level ? "" : " "));
      else if (typeof value === "number") item.textContent = Number.isInteger(value) ? String(value) : number(value);
      else if (typeof value === "string") item.textContent = value;
      else item.textContent = JSON.stringify(value, (_, v) => (v === null ? undefined : v));
      list.append(make("dt", { text: name.replaceAll("_", " ") }), item);
    }
    return make("div", { class: "detail" }, make("h3", { text: title }), list);
  }

  function more(s) {
    const grid = make("div", { class: "detail-grid" });
    if (s.texts || s.columns) grid.append(detail("sample", { ...(s.columns || {}), ...(s.texts || {}) }));
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
    const width = 1 + Number(hasClips) + visible().length;
    return make("tr", { class: "more", id: "more-" + s.index }, make("td", { colspan: width }, make("div", { class: "more-box" }, grid)));
  }

  function rowsOf(s) {
    const opener = make("button", { type: "button", class: "opener", "aria-expanded": String(opened.has(s.index)), "aria-controls": "more-" + s.index, "aria-label": "Details of " + s.id });
    const title = make("div", { class: "title" }, opener, make("span", { class: "name", text: s.id }));
    const name = make("th", { scope: "row", class: "sample" }, title);
    const aligned = transcript(s.details);
    const prompt = (s.texts || {}).text_prompt || (aligned ? "" : (s.texts || {}).reference_text);
    if (prompt) name.append(make("span", { class: "prompt", text: prompt, title: prompt }));
    if (aligned) name.append(make("div", { class: "transcript" }, aligned));
    const row = make("tr", { class: "main" }, name);
    row.dataset.id = s.id;
    if (hasClips) {
      const sides = [players(s, ["video", "audio"]), players(s, ["reference", "reference_audio"])].filter(Boolean);
      row.append(make("td", { class: "clips" }, make("div", {}, ...sides)));
    }
    row.append(...visible().map((c) => cellOf(s, c)));
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
    head();
    table.tBodies[0].replaceChildren(...rows.slice(start, start + state.size).flatMap(rowsOf));
    for (const cell of table.tHead.rows[0].cells) {
      if (cell.dataset.column && cell.dataset.column === state.sort) cell.setAttribute("aria-sort", state.desc ? "descending" : "ascending");
    }
    const all = data.samples.length;
    byId("count").textContent = rows.length === all ? `${all} samples` : `${rows.length} of ${all} samples`;
    byId("page").textContent = `Page ${state.page} of ${pages}`;
    byId("first").disabled = byId("previous").disabled = state.page === 1;
    byId("last").disabled = byId("next").disabled = state.page === pages;
    pager.hidden = pages === 1;
    pager.dataset.pages = String(pages);
    byId("order").value = JSON.stringify([state.sort, state.desc]);
    drawChips();
    for (const box of byId("columns").querySelectorAll("input")) box.checked = state.shown.includes(box.value);
  }

  function drawChips() {
    byId("chips").replaceChildren(...state.where.map((f, i) => {
      const text = f.length === 2 ? `${f[0]}: ${f[1]}` : `${f[1] === null ? "" : number(f[1]) + " ≤ "}${f[0]}${f[2] === null ? "" : " ≤ " + number(f[2])}`;
      const chip = make("button", { type: "button", class: "chip", text: text + " ×", "aria-label": "Remove the filter " + text });
      chip.addEventListener("click", () => { state.where.splice(i, 1); state.page = 1; update(); });
      return chip;
    }));
  }

  function fillControls() {
    const orders = [["as in the run", "input", false], ["by name", "id", false]];
    for (const c of columns) {
      if (c.isEmpty) continue;
      const hasSide = c.metric && ["higher", "lower"].includes(c.metric.direction);
      const [a, b] = hasSide ? ["worst", "best"] : c.isNumber ? ["highest", "lowest"] : ["Z to A", "A to Z"];
      orders.push([`${c.name}, ${a} first`, c.name, isWorstHigh(c)], [`${c.name}, ${b} first`, c.name, !isWorstHigh(c)]);
    }
    byId("order").append(...orders.map(([text, name, desc]) => make("option", { value: JSON.stringify([name, desc]), text })));
    byId("by").append(...columns.filter((c) => !c.isEmpty && c.values.length <= MOST_VALUES).map((c) => make("option", { value: c.name, text: c.name })));
    byId("columns").append(...columns.map((c) => make("label", {}, make("input", { type: "checkbox", value: c.name }), c.name)));
    fillOperand();
  }

  function fillOperand() {
    const c = column(byId("by").value);
    byId("is").hidden = !c || c.isNumber;
    byId("range").hidden = !c || !c.isNumber;
    byId("add").hidden = !c;
    if (!c) return;
    byId("is").replaceChildren(...c.values.map((v) => make("option", { value: v, text: v })));
    byId("low").placeholder = c.isNumber ? number(c.low) : "";
    byId("high").placeholder = c.isNumber ? number(c.high) : "";
    byId("low").value = byId("high").value = "";
  }

  function addFilter() {
    const c = column(byId("by").value);
    if (!c) return;
    const end = (id) => (byId(id).value === "" ? null : Number(byId(id).value));
    const filter = c.isNumber ? [c.name, end("low"), end("high")] : [c.name, byId("is").value];
    if (c.isNumber && filter[1] === null && filter[2] === null) return;
    state.where = [...state.where.filter((f) => f[0] !== c.name), filter];
    state.page = 1;
    byId("by").value = "";
    fillOperand();
    update();
  }

  function update() { writeAddress(); draw(); }
  function turn(page) { state.page = Math.min(Math.max(1, page), Number(pager.dataset.pages)); update(); byId("samples").scrollIntoView(); byId("box").scrollTop = 0; }

  byId("query").addEventListener("input", (e) => { state.q = e.target.value; state.page = 1; update(); });
  byId("which").addEventListener("change", (e) => { state.which = e.target.value; state.page = 1; update(); });
  byId("size").addEventListener("change", (e) => { state.size = Number(e.target.value); state.page = 1; update(); });
  byId("order").addEventListener("change", (e) => sortBy(...JSON.parse(e.target.value)));
  byId("by").addEventListener("change", fillOperand);
  byId("add").addEventListener("click", addFilter);
  byId("columns").addEventListener("change", () => {
    const checked = new Set(Array.from(byId("columns").querySelectorAll("input:checked"), (box) => box.value));
    state.shown = columns.map((c) => c.name).filter((name) => checked.has(name));
    update();
  });
  byId("first").addEventListener("click", () => turn(1));
  byId("previous").addEventListener("click", () => turn(state.page - 1));
  byId("next").addEventListener("click", () => turn(state.page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  controls.addEventListener("submit", (e) => { e.preventDefault(); addFilter(); });
  window.addEventListener("hashchange", () => { if (!SECTIONS.has(location.hash.slice(1))) { readAddress(); draw(); } });

  controls.hidden = data.samples.length < 2;
  fillControls();
  readAddress();
  draw();
})();
