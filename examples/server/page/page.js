"use strict";

// Often enough to look live, seldom enough to cost nothing.
const EVERY_MS = 1000;
// Points of a plot, batches of a track.
const KEPT = 500;
// Pins in the line to send.
const SENT = 4;
const SVG = "http://www.w3.org/2000/svg";
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

const at = (id) => document.getElementById(id);
const plots = new Map();
const places = new Map();
let after = 0;
let session = 0;
let shown = "";

// Text is only ever set as text: a device may send any string.
function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function svg(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

const time = (us) => new Date(us / 1000).toLocaleTimeString();
const short = (number) => String(Number(number.toPrecision(6)));

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

// Of different types, as far as there are, and in the order of the pins.
function examples(datastreams) {
  const types = Object.keys(EXAMPLES);
  const seen = new Set();
  const pins = datastreams.map(({ pin, datastream }, place) => {
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

function showValues(datastreams) {
  const rows = datastreams.map(({ pin, datastream, value, adjusted, at_us }) => {
    const row = element("tr", { "data-pin": pin });
    row.append(
      element("th", { scope: "row" }, pin),
      element("td", {}, datastream),
      element("td", { class: value === null ? "value faint" : "value" }, value ?? "no value yet"),
      element("td", { class: "adjusted" }, adjusted ?? ""),
      element("td", { class: "at" }, at_us === null ? "" : time(at_us)),
    );
    return row;
  });
  at("values").replaceChildren(...rows);
}

// A place is a pair, and a number or a switch is a point of a curve.
function remember(batches) {
  for (const { id, at_us, updates } of batches) {
    after = Math.max(after, id);
    for (const { pin, value } of updates) {
      if (typeof value === "string") continue;
      const map = Array.isArray(value) ? places : plots;
      if (!map.has(pin)) map.set(pin, []);
      const points = map.get(pin);
      points.push({ at_us, value: Array.isArray(value) ? value : Number(value) });
      if (points.length > KEPT) points.shift();
    }
  }
}

function plot(points, name, latest) {
  const [width, height, left, top, bottom] = [320, 130, 52, 8, 20];
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const values = points.map((point) => point.value);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [points[0].at_us, points.at(-1).at_us];
  const last = values.at(-1);
  const label = `${name}: ${points.length} values from ${short(min)} to ${short(max)}, the last ${latest}`;
  drawing.append(svg("title", {}, label));
  // Halved before the difference, which may be more than a number holds.
  const share = (value, low, high) => (high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5);
  const x = (us) => left + share(us, from, to) * (width - left - 8);
  const y = (value) => height - bottom - share(value, min, max) * (height - top - bottom);
  for (const value of max > min ? [min, max] : [min]) {
    drawing.append(
      svg("line", { class: "axis", x1: left, x2: width - 8, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 3, "text-anchor": "end" }, short(value)),
    );
  }
  const line = points.map((point) => `${x(point.at_us).toFixed(1)},${y(point.value).toFixed(1)}`);
  drawing.append(
    svg("polyline", { class: "curve", points: line.join(" ") }),
    svg("circle", { class: "dot", r: 3.5, cx: x(to), cy: y(last) }),
    svg("text", { x: left, y: height - 4 }, time(from)),
  );
  if (to > from) drawing.append(svg("text", { x: width - 8, y: height - 4, "text-anchor": "end" }, time(to)));
  return drawing;
}

function plane(points, name, latest) {
  const drawing = svg("svg", { viewBox: "-202 -96 392 200", role: "img" });
  const [lon, lat] = points.at(-1).value;
  drawing.append(svg("title", {}, `${name}: ${latest}`));
  for (let degree = -180; degree <= 180; degree += 30) {
    const axis = degree === 0 ? "axis equator" : "axis";
    drawing.append(
      svg("line", { class: axis, x1: degree, x2: degree, y1: -90, y2: 90 }),
      svg("text", { x: degree, y: 99, "text-anchor": "middle" }, `${degree}°`),
    );
    if (Math.abs(degree) > 90) continue;
    drawing.append(
      svg("line", { class: axis, x1: -180, x2: 180, y1: -degree, y2: -degree }),
      svg("text", { x: -184, y: 2 - degree, "text-anchor": "end" }, `${degree}°`),
    );
  }
  const track = points.map(({ value: [lon, lat] }) => `${lon},${-lat}`);
  drawing.append(
    svg("polyline", { class: "curve", points: track.join(" ") }),
    svg("circle", { class: "ring", r: 5, cx: lon, cy: -lat }),
    svg("circle", { class: "dot", r: 2, cx: lon, cy: -lat }),
  );
  return drawing;
}

// The latest value is the table's text, as a script's number knows no `-0.0` and no `true`.
function showDrawings(id, drawn, draw, extra, texts = new Map()) {
  const pins = [...drawn.keys()].sort((a, b) => a - b);
  const cards = pins.map((pin) => {
    const points = drawn.get(pin);
    const card = element("figure", { class: `card ${extra}`, "data-pin": `v${pin}` });
    const value = points.at(-1).value;
    const isPlace = Array.isArray(value);
    const latest = isPlace ? `longitude ${value[0]}, latitude ${value[1]}` : (texts.get(`v${pin}`) ?? short(value));
    card.append(element("h3", {}, `v${pin}: ${latest}`), draw(points, `v${pin}`, latest));
    return card;
  });
  if (cards.length === 0) cards.push(element("p", { class: "faint" }, "None yet."));
  at(id).replaceChildren(...cards);
}

function show({ datastreams, batches }, isFirst) {
  remember(batches);
  showValues(datastreams);
  const texts = new Map(datastreams.map(({ pin, value }) => [pin, value]));
  // A value may be in one answer and its batch in the next.
  const before = shown;
  shown = JSON.stringify([...texts]);
  if (batches.length === 0 && shown === before && !isFirst) return;
  showDrawings("plots", plots, plot, "", texts);
  showDrawings("places", places, plane, "place");
}

async function ask(token) {
  // In the body: a URL ends up in logs and histories.
  const body = new URLSearchParams({ token, after });
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
      isFirst = false;
      status("Live: what is sent appears within a second.");
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
  after = 0;
  plots.clear();
  places.clear();
  at("values").replaceChildren();
  showDrawings("plots", plots, plot, "");
  showDrawings("places", places, plane, "place");
  showSend("TOKEN", ["PIN=VALUE"]);
  if (token !== "") watch(token, session);
}

at("device").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
start();
