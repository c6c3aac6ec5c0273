// What every page has: elements, numbers, aligned transcripts, players that say why they are silent, copying.
// Text reaches the page through textContent only.
"use strict";

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

function isDiff(value) {
  return Array.isArray(value) && value.length > 0 && value.every((step) => Array.isArray(step) && step.length === 3 && typeof step[0] === "string");
}

function diff(steps, separator) {
  const line = make("span", { class: "diff" });
  for (const [kind, reference, transcribed] of steps) {
    if (line.childNodes.length && separator) line.append(separator);
    if (kind === "equal") line.append(String(reference));
    else {
      if (reference !== null) line.append(make("del", { text: reference, title: "expected" }));
      if (reference !== null && transcribed !== null && separator) line.append(separator);
      if (transcribed !== null) line.append(make("ins", { text: transcribed, title: "heard" }));
    }
  }
  return line;
}

// The aligned transcript of a sample, or the bare one; null without either. Words go before characters.
function transcript(details) {
  const all = Object.values(details || {});
  const aligned = all.find((d) => isDiff(d.diff) && !d.char_level) || all.find((d) => isDiff(d.diff));
  if (aligned) return diff(aligned.diff, aligned.char_level ? "" : " ");
  const bare = all.find((d) => typeof d.transcription === "string" && d.transcription);
  return bare ? make("span", { class: "diff", text: bare.transcription }) : null;
}

const FIELDS = { video: "video", audio: "audio", reference: "reference", reference_audio: "reference audio" };

function whyDead(element, url) {
  const said = element.error ? element.error.message : "";
  if ((element.error && element.error.code === 3) || /DEMUXER|DECODE|METADATA_ERR/.test(said)) {
    return "This browser cannot play the clip: it lacks the codec or container. Another player (VLC, mpv) may.";
  }
  const where = url.startsWith("data:") ? "the sound in this page" : decodeURI(url);
  return `The clip does not load: moved or deleted since the page was made, or of a kind this browser does not know (${where}).`;
}

// The players of one side of a sample, with a frame of its video and the spectrogram of its sound.
function players(sample, fields, label) {
  const side = make("div", { class: "side" });
  for (const field of fields) {
    const url = (sample.media || {})[field], drawn = (sample.drawn || {})[field] || {};
    if (!url && !Object.keys(drawn).length) continue;
    const name = label || FIELDS[field], isSound = (sample.sound_only || []).includes(field) || !["video", "reference"].includes(field);
    const clip = make("div", { class: "clip" }, make("span", { class: "clip-name", text: name }));
    if (drawn.poster && (isSound || !url)) clip.append(image("thumb poster", drawn.poster, `${name}: a frame`));
    if (url && !isSound) clip.append(player("video", sample, field, url, drawn, name));
    if (drawn.spectrogram) clip.append(strip(drawn, name));
    if (url && isSound) clip.append(player("audio", sample, field, url, drawn, name));
    side.append(clip);
  }
  return side.childNodes.length ? side : null;
}

function image(css, url, alt) {
  const box = make("div", { class: css });
  if (/^data:image\/jpeg;base64,/.test(url)) box.append(make("img", { src: url, alt }));
  return box;
}

function strip(drawn, name) {
  const box = image("thumb", drawn.spectrogram, `${name}: spectrogram`);
  const form = document.createElement("template"), peaks = drawn.wave || [];
  form.innerHTML = "<svg><path/></svg>";
  const svg = form.content.firstChild, path = svg.firstChild;
  svg.setAttribute("viewBox", `0 0 ${peaks.length || 1} 200`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "wave");
  path.setAttribute("d", peaks.map((v, i) => `M${i + 0.5} ${100 - Math.max(v, 1)}V${100 + Math.max(v, 1)}`).join(""));
  svg.append(path);
  box.append(svg);
  return box;
}

function player(kind, sample, field, url, drawn, name) {
  const element = make(kind, { controls: "", preload: "none", src: url, "aria-label": `${name} of ${sample.id}` });
  if (kind === "video" && drawn.poster) element.setAttribute("poster", drawn.poster);
  const box = make("div", {}, element);
  const complain = (text) => {
    if (box.querySelector(".dead")) box.querySelector(".dead").textContent = text;
    else box.append(make("p", { class: "dead", role: "status", text }));
  };
  if ((sample.gone || []).includes(field)) complain("The file was not there when this page was made.");
  element.addEventListener("error", () => complain(whyDead(element, url)));
  return box;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error; // no clipboard for files from disk
  }
  const area = make("textarea", { class: "sr-only" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    await copyText(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  }, false);
}

document.addEventListener("play", (e) => { // one clip at a time
  for (const other of document.querySelectorAll("audio, video")) if (other !== e.target) other.pause();
}, true);
