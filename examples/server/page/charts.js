"use strict";

// The maximum number of points of all pins together, and the number that each pin may have regardless of it.
const MAX_POINTS = 20000;
const MIN_POINTS_PER_PIN = 500;
// Drawings per task: more would block the browser for longer than 50 ms.
const PORTION = 8;

const plots = { id: "plots", draw: plot, points: new Map(), cards: new Map() };
const tracks = { id: "tracks", draw: map, points: new Map(), cards: new Map() };
// The time of the newest value that was dropped because there were too many.
let droppedUs = -Infinity;
let isDrawing = false;
let isOutdated = false;

// Adds values after or before the known ones. Arrays are locations; numbers and booleans are points of a plot.
function remember(batches, areOlder = false) {
  const values = batches.flatMap(({ at_us, updates }) => updates.map((update) => ({ at_us, ...update })));
  const limit = Math.max(MIN_POINTS_PER_PIN, Math.floor(MAX_POINTS / rows.size));
  for (const { at_us, pin, value, adjusted } of areOlder ? values.reverse() : values) {
    if (typeof value === "string") continue;
    const series = Array.isArray(value) ? tracks : plots;
    if (!series.points.has(pin)) series.points.set(pin, []);
    const points = series.points.get(pin);
    const point = { at_us, adjusted, value: Array.isArray(value) ? value : Number(value) };
    if (areOlder) points.unshift(point);
    else points.push(point);
    if (points.length > limit) droppedUs = Math.max(droppedUs, points.shift().at_us);
  }
}

function forget() {
  droppedUs = -Infinity;
  for (const { id, points, cards } of [plots, tracks]) {
    points.clear();
    cards.clear();
    byId(id).replaceChildren(element("p", { class: "faint" }, "No data yet."));
  }
}

function arrange({ id, points, cards }) {
  if (points.size === cards.size) return;
  const pins = [...points.keys()].sort((a, b) => a - b);
  const all = pins.map((pin) => cards.get(pin) ?? { key: "", figure: element("figure", { class: "card", "data-pin": `v${pin}` }) });
  cards.clear();
  pins.forEach((pin, index) => cards.set(pin, all[index]));
  byId(id).replaceChildren(...all.map(({ figure }) => figure));
}

// Redraws a card unless it is up to date, and returns whether it did. At midnight, all times gain a date.
function redraw(series, pin, card, fromUs) {
  const name = `v${pin}`;
  const { datastream = "", value: text } = rows.get(name) ?? {};
  const all = series.points.get(pin);
  const points = fromUs === -Infinity ? all : all.filter(({ at_us }) => at_us >= fromUs);
  const key = JSON.stringify([new Date().toDateString(), text, points.length, points[0]?.at_us, points.at(-1)?.at_us]);
  if (card.key === key) return false;
  card.key = key;
  const { value } = all.at(-1);
  // Text, because a number would lose `-0.0` and `true`.
  const latest = Array.isArray(value) ? `longitude ${value[0]}, latitude ${value[1]}` : (text ?? short(value));
  const isEmpty = points.length === 0;
  const drawing = isEmpty ? element("p", { class: "faint" }, "No values in this time range.") : series.draw(points, name, latest, datastream && typeOf(datastream));
  card.figure.replaceChildren(element("figcaption", {}, `${name}: ${latest}`), drawing);
  return true;
}

const nextTask = () => new Promise((resume) => setTimeout(resume));

async function drawPortions() {
  let count = 0;
  for (const series of [plots, tracks]) {
    arrange(series);
    for (const [pin, card] of series.cards) {
      if (!redraw(series, pin, card, rangeStartUs())) continue;
      count += 1;
      if (count % PORTION === 0) await nextTask();
    }
  }
}

// A call during a drawing does not start it over, because the last cards would then never be drawn. Instead, all
// cards are checked once more afterwards.
async function drawAll() {
  isOutdated = true;
  if (isDrawing) return;
  isDrawing = true;
  try {
    while (isOutdated) {
      isOutdated = false;
      await nextTask();
      await drawPortions();
    }
  } finally {
    isDrawing = false;
  }
}
