// Pairs of clips, by how much worse they got.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const SIZE = 20;
  const isDirected = (m) => ["higher", "lower"].includes(m.direction);
  const metrics = data.metrics;
  const at = (test) => metrics.findIndex(test);
  const first = [at((m) => isDirected(m) && m.verdict === "worse"), at(isDirected), metrics.length ? 0 : -1].find((k) => k >= 0) ?? -1;
  const state = { k: first, order: "worse", q: "", page: 1 };

  data.samples.forEach((s, i) => {
    s.index = i;
    const texts = s.sides.flatMap((side) => [...Object.values(side.texts || {}), ...Object.values(side.details || {}).map((d) => d.transcription || "")]);
    s.search = [s.id, ...texts].join("\n").toLowerCase();
  });

  // How much worse B is than A; for a metric without a better side, how much higher.
  function loss(s) {
    if (state.k < 0) return null;
    const [x, y] = s.sides.map((side) => side.scores[state.k]);
    if (x === null || y === null) return null;
    return metrics[state.k].direction === "higher" ? x - y : y - x;
  }

  function chosen() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const sign = state.order === "worse" ? -1 : 1;
    return data.samples.filter((s) => words.every((w) => s.search.includes(w))).sort((a, b) => {
      const x = loss(a), y = loss(b);
      if (x === null || y === null) return (x === null) - (y === null) || a.index - b.index;
      return sign * (x - y) || a.index - b.index;
    });
  }

  function side(s, i) {
    const own = s.sides[i], name = data.names[i];
    const box = make("div", { class: "run" }, make("h4", { text: `${"AB"[i]}: ${name}` }));
    if (state.k >= 0) {
      const value = own.scores[state.k];
      box.append(make("p", { class: "score", text: value === null ? "no score" : number(value) }));
    }
    const clips = players({ ...own, id: `${s.id} in ${name}` }, ["video", "audio"]);
    if (clips) box.append(clips);
    const words = transcript(own.details);
    if (words) box.append(make("div", { class: "transcript" }, words));
    return box;
  }

  function pair(s) {
    const box = make("article", { class: "pair" });
    const lost = loss(s), texts = s.sides[0].texts || s.sides[1].texts || {};
    const title = make("h3", { class: "name", text: s.id });
    box.append(title);
    box.dataset.id = s.id;
    if (lost !== null) {
      const m = metrics[state.k], change = s.sides[1].scores[state.k] - s.sides[0].scores[state.k];
      const css = !isDirected(m) || lost === 0 ? "" : lost > 0 ? " worse" : " better";
      title.append(" ", make("span", { class: "verdict" + css, text: (change > 0 ? "+" : "") + number(change) }));
    }
    if (texts.text_prompt) box.append(make("p", { class: "prompt", text: texts.text_prompt }));
    const sides = make("div", { class: "sides" }, side(s, 0), side(s, 1));
    const holder = s.sides.find((x) => x.media && (x.media.reference || x.media.reference_audio));
    const reference = holder ? players({ ...holder, id: s.id }, ["reference", "reference_audio"]) : null;
    if (reference) sides.append(make("div", { class: "run" }, make("h4", { text: "Reference" }), make("p", { class: "score" }), reference));
    box.append(sides);
    return box;
  }

  function draw() {
    const rows = chosen(), pages = Math.max(1, Math.ceil(rows.length / SIZE));
    state.page = Math.min(state.page, pages);
    byId("pairs").replaceChildren(...rows.slice((state.page - 1) * SIZE, state.page * SIZE).map(pair));
    byId("count").textContent = `${rows.length} of ${data.samples.length} pairs`;
    byId("page").textContent = `Page ${state.page} of ${pages}`;
    byId("previous").disabled = state.page === 1;
    byId("next").disabled = state.page === pages;
    byId("pager").hidden = pages === 1;
  }

  const change = (key, value) => { Object.assign(state, { page: 1, [key]: value }); draw(); };
  metrics.forEach((m, k) => byId("metric").append(make("option", { value: String(k), text: `${m.name} (${m.verdict})` })));
  byId("metric").value = String(state.k);
  byId("metric").addEventListener("change", (e) => change("k", Number(e.target.value)));
  byId("order").addEventListener("change", (e) => change("order", e.target.value));
  byId("query").addEventListener("input", (e) => change("q", e.target.value));
  byId("previous").addEventListener("click", () => { state.page -= 1; draw(); byId("samples").scrollIntoView(); });
  byId("next").addEventListener("click", () => { state.page += 1; draw(); byId("samples").scrollIntoView(); });
  byId("controls").addEventListener("submit", (e) => e.preventDefault());
  draw();
})();
