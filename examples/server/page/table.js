"use strict";

// Longer text is folded, and its first half shown.
const FOLD_AFTER = 120;
const MAX_LINES = 4;

const ADJUSTED = {
  min: "raised to the minimum",
  max: "lowered to the maximum",
  fallback: "replaced by the fallback",
};

// What a row shows, by pin, with the row itself.
const rows = new Map();
// A device whose batches are rejected is online, too.
let lastRejectedUs = -Infinity;

// Always sets text as text, never as HTML: a device may send any string.
function element(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

// Leaves unchanged text alone, to preserve a selection.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
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

function age(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit} old`;
}

// Folds long text and text of many lines.
function foldable(className, text) {
  const isShort = text.length <= FOLD_AFTER && text.split("\n", MAX_LINES + 1).length <= MAX_LINES;
  if (isShort) return element("span", { class: className }, text);
  const details = element("details", { class: className });
  // Whole characters, of which each is up to two units of a string.
  const preview = Array.from(text.slice(0, 2 * FOLD_AFTER)).slice(0, FOLD_AFTER / 2).join("");
  const summary = element("summary");
  summary.append(
    element("span", { class: "preview" }, `${preview.replaceAll(/\s+/g, " ")}… `),
    element("span", { class: "faint" }, `${text.length} characters`),
  );
  details.append(summary, element("div", {}, text));
  return details;
}

function replaceRow(old, row) {
  const focused = old.querySelector("summary:focus")?.parentNode.className;
  for (const { className, open } of old.querySelectorAll("details")) {
    const details = row.querySelector(`details.${className}`);
    if (details !== null) details.open = open;
  }
  old.replaceWith(row);
  if (focused !== undefined) row.querySelector(`.${focused} summary`)?.focus();
}

function valueRow({ pin, datastream, value, adjusted, at_us }) {
  const row = element("tr", { "data-pin": pin });
  const header = element("th", { scope: "row" }, pin);
  const cell = element("td", { class: value === null ? "value faint" : "value" });
  const at = element("td", { class: "at" }, at_us === null ? "" : time(at_us));
  header.append(foldable("datastream", describe(datastream)));
  cell.append(foldable("text", value ?? "no value yet"));
  if (adjusted !== null) cell.append(element("span", { class: "adjusted", "data-kind": adjusted }, ADJUSTED[adjusted]));
  at.append(element("span", { class: "age" }));
  row.append(header, cell, at);
  return row;
}

// Times gain a date at midnight.
const isSame = (old, { datastream, value, adjusted, at_us }, day) =>
  old.day === day && old.datastream === datastream && old.value === value && old.adjusted === adjusted && old.at_us === at_us;

// Replaces only rows that changed, to preserve a selection.
function showValues(datastreams) {
  const day = new Date().toDateString();
  const pins = [...rows.keys()].join();
  const before = new Map(rows);
  rows.clear();
  for (const datastream of datastreams) {
    const old = before.get(datastream.pin);
    const isKept = old !== undefined && isSame(old, datastream, day);
    const row = isKept ? old.row : valueRow(datastream);
    if (!isKept && old !== undefined) replaceRow(old.row, row);
    rows.set(datastream.pin, { ...datastream, day, row });
  }
  const all = [...rows.values()].map(({ row }) => row);
  if ([...rows.keys()].join() !== pins) byId("values").replaceChildren(...all);
}

// Marks values that are old, or all of them if the server does not respond.
function showAges(isLive) {
  for (const { at_us, row } of rows.values()) {
    if (at_us === null) continue;
    const seconds = secondsSince(at_us);
    const isStale = !isLive || seconds > heard.offline_after;
    row.classList.toggle("stale", isStale);
    setText(row.querySelector(".age"), isStale ? age(seconds) : "");
  }
}

// The names of kinds and reasons are the library's, such as `invalid_value` and `not_an_integer`.
function showRejections(rejections) {
  const body = element("tbody", { id: "rejections" });
  for (const { at_us, kind, reason, pin } of rejections) {
    const row = element("tr");
    const why = [kind, reason].filter(Boolean).join(": ").replaceAll("_", " ");
    row.append(element("td", {}, pin ?? ""), element("td", {}, why), element("td", { class: "at" }, time(at_us)));
    body.append(row);
  }
  if (rejections.length === 0) {
    const row = element("tr");
    row.append(element("td", { class: "faint", colspan: 3 }, "None."));
    body.append(row);
  }
  const before = byId("rejections");
  // Preserves a selection.
  if (!body.isEqualNode(before)) before.replaceWith(body);
  lastRejectedUs = rejections[0]?.at_us ?? -Infinity;
}

// Contains no age, because screen readers announce each change.
function describeDevice(isLive) {
  const savedUs = Math.max(...[...rows.values()].map(({ at_us }) => at_us ?? -Infinity));
  const seenUs = Math.max(savedUs, lastRejectedUs);
  if (seenUs === -Infinity) return "The device has not been seen yet.";
  if (!isLive) return `Last seen: ${time(seenUs)}.`;
  if (secondsSince(seenUs) > heard.offline_after) return `The device is offline. Last seen: ${time(seenUs)}.`;
  return lastRejectedUs > savedUs ? "The device is online. Its last batch was rejected." : "The device is online.";
}

function showDevice(isLive) {
  const text = describeDevice(isLive);
  byId("seen").classList.toggle("error", /offline|rejected/.test(text));
  setText(byId("seen"), text);
}
