"use strict";

const POLL_INTERVAL_MS = 1000;
// Per plot or map.
const MAX_POINTS = 500;
// Pins in the example command.
const MAX_EXAMPLES = 4;
// A valid value for each type, percent-encoded, given the bounds in the datastream's description.
// The most interesting types come first.
const EXAMPLES = {
  integer: (bounds) => clamp(bounds, "33", BigInt),
  double: (bounds) => clamp(bounds, "21.5", Number),
  string: (limit) => "all+well".slice(0, limit.match(/\d+/)?.[0]),
  location: () => "24.94,60.17",
  boolean: () => "1",
  enumerable: (values) => values.match(/-?\d+/)[0],
};

const ADJUSTED = {
  min: "raised to the minimum",
  max: "lowered to the maximum",
  fallback: "replaced by the fallback",
};

const byId = (id) => document.getElementById(id);
const plots = new Map();
const tracks = new Map();
let after = null;
let session = 0;
let lastDrawn = "";

// Always sets text as text, never as HTML: a device may send any string.
function element(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

// Leaves unchanged text alone, to preserve a selection.
function setText(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

function status(text, isError = false) {
  setText("status", text);
  byId("status").classList.toggle("error", isError);
}

// Either bound may be missing. Works on text because JavaScript numbers cannot represent every integer.
function clamp(bounds, value, read) {
  const [min, max] = bounds.split(/\.\.=?/);
  if (min && read(value) < read(min)) return min;
  return max && read(value) > read(max) ? max : value;
}

// Prefers different types, and keeps the order of pins. Types unknown to this page are left out.
function examples(datastreams) {
  const types = Object.keys(EXAMPLES);
  const seen = new Set();
  const known = datastreams.filter(({ datastream }) => typeOf(datastream) in EXAMPLES);
  const pins = known.map(({ pin, datastream }, index) => {
    const [, type, rest] = datastream.match(/^(\w+) ?(.*)$/);
    const rank = types.indexOf(type) + (seen.has(type) ? types.length : 0);
    seen.add(type);
    return { rank, index, pair: `${pin}=${EXAMPLES[type](rest)}` };
  });
  const sent = pins.sort((a, b) => a.rank - b.rank).slice(0, MAX_EXAMPLES);
  return sent.sort((a, b) => a.index - b.index).map(({ pair }) => pair);
}

function showSend(token, pairs) {
  // An apostrophe would end the shell's quoted string.
  const escaped = encodeURIComponent(token).replaceAll("'", "%27");
  const query = [`token=${escaped}`, ...pairs].join("&");
  setText("send", `curl '${location.origin}/external/api/batch/update?${query}'`);
}

// Descriptions are the library's, such as `integer 0..=100` and `integer 0..`.
const typeOf = (datastream) => datastream.match(/^\w+/)[0];
const describe = (datastream) =>
  datastream
    .replace(/^(\w+) /, "$1: ")
    .replace(" or ", "; fallback ")
    .replace(/\[(.*)\]/, "$1")
    .replace(": ..=", ": up to ")
    .replace("..=", " to ")
    .replace(/\.\.$/, " or more");

function showValues(datastreams) {
  const rows = datastreams.map(({ pin, datastream, value, adjusted, at_us }) => {
    const row = element("tr", { "data-pin": pin });
    const [header, cell] = [
      element("th", { scope: "row" }, pin),
      element("td", { class: value === null ? "value faint" : "value" }),
    ];
    header.append(element("span", { class: "datastream" }, describe(datastream)));
    cell.append(element("span", { class: "text" }, value ?? "no value yet"));
    if (adjusted !== null) cell.append(element("span", { class: "adjusted", "data-kind": adjusted }, ADJUSTED[adjusted]));
    row.append(header, cell, element("td", { class: "at" }, at_us === null ? "" : time(at_us)));
    return row;
  });
  const before = byId("values");
  const body = element("tbody", { id: "values" });
  body.append(...rows);
  // Preserves a selection.
  if (!body.isEqualNode(before)) before.replaceWith(body);
}

// Arrays are locations; numbers and booleans are points of a plot.
function remember(batches) {
  for (const { id, at_us, updates } of batches) {
    after = id;
    for (const { pin, value, adjusted } of updates) {
      if (typeof value === "string") continue;
      const series = Array.isArray(value) ? tracks : plots;
      if (!series.has(pin)) series.set(pin, []);
      const points = series.get(pin);
      points.push({ at_us, adjusted, value: Array.isArray(value) ? value : Number(value) });
      if (points.length > MAX_POINTS) points.shift();
    }
  }
}

// Shows the latest value as text, because a number would lose `-0.0` and `true`.
function showDrawings(id, series, draw, byPin = new Map()) {
  const pins = [...series.keys()].sort((a, b) => a - b);
  const cards = pins.map((pin) => {
    const points = series.get(pin);
    const name = `v${pin}`;
    const { datastream = "", value: text } = byPin.get(name) ?? {};
    const value = points.at(-1).value;
    const isLocation = Array.isArray(value);
    const latest = isLocation ? `longitude ${value[0]}, latitude ${value[1]}` : (text ?? short(value));
    const card = element("figure", { class: "card", "data-pin": name });
    card.append(element("figcaption", {}, `${name}: ${latest}`), draw(points, name, latest, datastream && typeOf(datastream)));
    return card;
  });
  if (cards.length === 0) cards.push(element("p", { class: "faint" }, "No data yet."));
  byId(id).replaceChildren(...cards);
}

function show({ datastreams, batches }, isFirst) {
  remember(batches);
  showValues(datastreams);
  const before = lastDrawn;
  // A value may arrive one response before its batch, and times gain a date at midnight.
  lastDrawn = JSON.stringify([new Date().toDateString(), datastreams.map(({ value }) => value)]);
  if (batches.length === 0 && lastDrawn === before && !isFirst) return;
  const byPin = new Map(datastreams.map((datastream) => [datastream.pin, datastream]));
  showDrawings("plots", plots, plot, byPin);
  showDrawings("tracks", tracks, map, byPin);
}

async function fetchState(token) {
  // In the body, because URLs end up in logs and browser histories.
  const body = new URLSearchParams(after === null ? { token } : { token, after });
  const response = await fetch("/page/state", { method: "POST", body, cache: "no-store" });
  const result = await response.json();
  if (!response.ok) throw new Error(result.error.message);
  return result;
}

async function watch(token, ownSession) {
  for (let isFirst = true; ownSession === session; ) {
    try {
      const state = await fetchState(token);
      if (ownSession !== session) return;
      showSend(token, examples(state.datastreams));
      show(state, isFirst);
      const wasFirst = isFirst;
      isFirst = false;
      status("Live: new values appear within a second.");
      if (state.more && !wasFirst) continue;
    } catch (error) {
      if (ownSession !== session) return;
      status(`Error: ${error.message}`, true);
    }
    await new Promise((resume) => setTimeout(resume, POLL_INTERVAL_MS));
  }
}

function start() {
  const token = byId("token").value;
  session += 1;
  after = null;
  plots.clear();
  tracks.clear();
  byId("values").replaceChildren();
  showDrawings("plots", plots, plot);
  showDrawings("tracks", tracks, map);
  showSend("TOKEN", ["PIN=VALUE"]);
  if (token !== "") watch(token, session);
}

byId("device").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
start();
