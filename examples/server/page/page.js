"use strict";

const POLL_INTERVAL_MS = 1000;
// Longer than the server's own default, so that its error is shown if it can still send one.
const REQUEST_TIMEOUT_MS = 6000;
// Without a response for this long, nothing is claimed to be live.
const LIVE_FOR_MS = 3000;
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

const PLACEHOLDER = { token: "TOKEN", pairs: ["PIN=VALUE"] };

const byId = (id) => document.getElementById(id);
const plots = new Map();
const tracks = new Map();
let after = null;
let session = 0;
// The last response of the server, by its clock and by the browser's monotonic one.
let heard = null;
let failure = null;
// The status before any response.
let idle = "";
// The token and the pins of the suggested command.
let example = PLACEHOLDER;
let lastDrawn = "";

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

// Hides the token here, too, unless it is shown.
function showSend() {
  // An apostrophe would end the shell's quoted string.
  const escaped = encodeURIComponent(example.token).replaceAll("'", "%27");
  const isHidden = example !== PLACEHOLDER && !byId("reveal").checked;
  const query = [`token=${isHidden ? "••••••••" : escaped}`, ...example.pairs].join("&");
  setText(byId("send"), `curl '${location.origin}/external/api/batch/update?${query}'`);
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

// The server's clock, because the browser's may differ.
const serverUs = () => heard.now_us + (performance.now() - heard.at) * 1000;

function showStatus() {
  const isLive = failure === null && heard !== null && performance.now() - heard.at < LIVE_FOR_MS;
  const since = heard === null ? "" : ` Last response: ${time(heard.now_us)}.`;
  const problem = failure ?? (heard === null ? idle : "No response from the server.");
  byId("status").classList.toggle("error", !isLive && problem !== idle);
  setText(byId("status"), isLive ? "Live: new values appear within a second." : problem + since);
  if (heard === null) return;
  showAges(serverUs(), isLive);
  showDevice(serverUs(), isLive);
}

const FAILURES = {
  TimeoutError: `The server did not respond within ${REQUEST_TIMEOUT_MS / 1000} seconds.`,
  TypeError: "The server cannot be reached.",
  SyntaxError: "The response is not from this server.",
};

async function fetchState(token) {
  // In the body, because URLs end up in logs and browser histories.
  const body = new URLSearchParams(after === null ? { token } : { token, after });
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const response = await fetch("/page/state", { method: "POST", body, cache: "no-store", signal });
    const result = await response.json();
    return response.ok ? result : { error: `Error: ${result.error.message}` };
  } catch (error) {
    return { error: FAILURES[error.name] ?? String(error) };
  }
}

function receive(state, token, isFirst) {
  failure = state.error ?? null;
  if (failure !== null) return;
  heard = { now_us: state.now_us, at: performance.now() };
  example = { token, pairs: examples(state.datastreams) };
  showSend();
  showRejections(state.rejections);
  show(state, isFirst);
}

async function watch(token, ownSession) {
  for (let isFirst = true; ownSession === session; ) {
    const state = await fetchState(token);
    if (ownSession !== session) return;
    receive(state, token, isFirst);
    showStatus();
    const hasMore = state.more && !isFirst;
    isFirst &&= failure !== null;
    if (!hasMore) await new Promise((resume) => setTimeout(resume, POLL_INTERVAL_MS));
  }
}

function start() {
  const token = byId("token").value;
  session += 1;
  after = null;
  heard = null;
  failure = null;
  idle = token === "" ? "Not connected." : "Connecting.";
  plots.clear();
  tracks.clear();
  rows.clear();
  byId("values").replaceChildren();
  showRejections([]);
  setText(byId("seen"), "");
  showDrawings("plots", plots, plot);
  showDrawings("tracks", tracks, map);
  example = PLACEHOLDER;
  showSend();
  if (token !== "") watch(token, session);
  showStatus();
}

byId("device").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
byId("reveal").addEventListener("change", ({ target }) => {
  byId("token").type = target.checked ? "text" : "password";
  showSend();
});
setInterval(showStatus, 1000);
start();
