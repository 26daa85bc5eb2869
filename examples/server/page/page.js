"use strict";

// Often enough to look live, seldom enough to cost nothing.
const EVERY_MS = 1000;
// Points of a plot, batches of a track.
const KEPT = 500;
// Pins in the line to send.
const SENT = 4;
// A value for each type that fits what is said behind it, in a query's form. The types that show
// most come first.
const EXAMPLES = {
  integer: (bounds) => within(bounds, "33", BigInt),
  double: (bounds) => within(bounds, "21.5", Number),
  string: (limit) => "all+well".slice(0, Number(limit.match(/\d+/)[0])),
  location: () => "24.94,60.17",
  boolean: () => "1",
  enumerable: (values) => values.match(/-?\d+/)[0],
};

// What was done to a value that did not fit.
const ADJUSTED = {
  min: "raised to the minimum",
  max: "lowered to the maximum",
  fallback: "replaced by the fallback",
};

const at = (id) => document.getElementById(id);
const plots = new Map();
const places = new Map();
let after = null;
let session = 0;
let shown = "";

// Text is only ever set as text: a device may send any string.
function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// Text that stays the same is left alone: someone may be selecting it.
function say(id, text) {
  const line = at(id);
  if (line.textContent !== text) line.textContent = text;
}

function status(text, isWrong = false) {
  say("status", text);
  at("status").classList.toggle("wrong", isWrong);
}

// The value, or the bound that it is beyond; as text, as a number does not hold every integer.
function within(bounds, value, read) {
  const [min, max] = bounds === "" ? [value, value] : bounds.split("..=");
  if (read(value) < read(min)) return min;
  return read(value) > read(max) ? max : value;
}

// Of different types, as far as there are, and in the order of the pins. A type that came after this page is shown
// as text, and no value of it is made up.
function examples(datastreams) {
  const types = Object.keys(EXAMPLES);
  const seen = new Set();
  const known = datastreams.filter(({ datastream }) => typeOf(datastream) in EXAMPLES);
  const pins = known.map(({ pin, datastream }, place) => {
    const [, type, rest] = datastream.match(/^(\w+) ?(.*)$/);
    const rank = types.indexOf(type) + (seen.has(type) ? types.length : 0);
    seen.add(type);
    return { rank, place, pair: `${pin}=${EXAMPLES[type](rest)}` };
  });
  const sent = pins.sort((a, b) => a.rank - b.rank).slice(0, SENT);
  return sent.sort((a, b) => a.place - b.place).map(({ pair }) => pair);
}

function showSend(token, pairs) {
  // An apostrophe would end the shell's word.
  const escaped = encodeURIComponent(token).replaceAll("'", "%27");
  const query = [`token=${escaped}`, ...pairs].join("&");
  say("send", `curl '${location.origin}/external/api/batch/update?${query}'`);
}

// `integer 0..=100` is how the library writes it.
const typeOf = (datastream) => datastream.match(/^\w+/)[0];
const words = (datastream) =>
  datastream.replace(/^(\w+) /, "$1, ").replace("..=", " to ").replace(/\[(.*)\]/, "$1").replace(" or ", ", else ");

function showValues(datastreams) {
  const rows = datastreams.map(({ pin, datastream, value, adjusted, at_us }) => {
    const row = element("tr", { "data-pin": pin });
    const [stream, got] = [
      element("th", { scope: "row" }, pin),
      element("td", { class: value === null ? "value faint" : "value" }),
    ];
    stream.append(element("span", { class: "stream" }, words(datastream)));
    got.append(element("span", { class: "bare" }, value ?? "no value yet"));
    if (adjusted !== null) got.append(element("span", { class: "adjusted", "data-kind": adjusted }, ADJUSTED[adjusted]));
    row.append(stream, got, element("td", { class: "at" }, at_us === null ? "" : time(at_us)));
    return row;
  });
  const before = at("values");
  const body = element("tbody", { id: "values" });
  body.append(...rows);
  // Someone may be selecting it.
  if (!body.isEqualNode(before)) before.replaceWith(body);
}

// A place is a pair, and a number or a switch is a point of a curve.
function remember(batches) {
  for (const { id, at_us, updates } of batches) {
    after = id;
    for (const { pin, value, adjusted } of updates) {
      if (typeof value === "string") continue;
      const drawn = Array.isArray(value) ? places : plots;
      if (!drawn.has(pin)) drawn.set(pin, []);
      const points = drawn.get(pin);
      points.push({ at_us, adjusted, value: Array.isArray(value) ? value : Number(value) });
      if (points.length > KEPT) points.shift();
    }
  }
}

// The latest value is the table's text, as a script's number knows no `-0.0` and no `true`.
function showDrawings(id, drawn, draw, streams = new Map()) {
  const pins = [...drawn.keys()].sort((a, b) => a - b);
  const cards = pins.map((pin) => {
    const points = drawn.get(pin);
    const name = `v${pin}`;
    const { datastream = "", value: text } = streams.get(name) ?? {};
    const value = points.at(-1).value;
    const isPlace = Array.isArray(value);
    const latest = isPlace ? `longitude ${value[0]}, latitude ${value[1]}` : (text ?? short(value));
    const card = element("figure", { class: "card", "data-pin": name });
    card.append(element("figcaption", {}, `${name}: ${latest}`), draw(points, name, latest, datastream && typeOf(datastream)));
    return card;
  });
  if (cards.length === 0) cards.push(element("p", { class: "faint" }, "None yet."));
  at(id).replaceChildren(...cards);
}

function show({ datastreams, batches }, isFirst) {
  remember(batches);
  showValues(datastreams);
  const before = shown;
  // A value may be in one answer and its batch in the next; and a day ends.
  shown = JSON.stringify([new Date().toDateString(), datastreams.map(({ value }) => value)]);
  if (batches.length === 0 && shown === before && !isFirst) return;
  const streams = new Map(datastreams.map((stream) => [stream.pin, stream]));
  showDrawings("plots", plots, plot, streams);
  showDrawings("places", places, map, streams);
}

async function ask(token) {
  // In the body: a URL ends up in logs and histories.
  const body = new URLSearchParams(after === null ? { token } : { token, after });
  const response = await fetch("/page/state", { method: "POST", body, cache: "no-store" });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

async function watch(token, mine) {
  for (let isFirst = true; mine === session; ) {
    try {
      const answer = await ask(token);
      if (mine !== session) return;
      showSend(token, examples(answer.datastreams));
      show(answer, isFirst);
      const wasFirst = isFirst;
      isFirst = false;
      status("Live: what is sent appears within a second.");
      if (answer.more && !wasFirst) continue;
    } catch (error) {
      if (mine !== session) return;
      status(`No values: ${error.message}`, true);
    }
    await new Promise((resume) => setTimeout(resume, EVERY_MS));
  }
}

function start() {
  const token = at("token").value;
  session += 1;
  after = null;
  plots.clear();
  places.clear();
  at("values").replaceChildren();
  showDrawings("plots", plots, plot);
  showDrawings("places", places, map);
  showSend("TOKEN", ["PIN=VALUE"]);
  if (token !== "") watch(token, session);
}

at("device").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
start();
