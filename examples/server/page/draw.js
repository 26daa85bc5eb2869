"use strict";

// One unit is about a pixel on a phone, and slightly more on wider screens.
const WIDTH = 320;
const SVG = "http://www.w3.org/2000/svg";
const LINE = 16;
// Maximum points of a curve: more would be closer to each other than pixels.
const MAX_DRAWN = 1000;

function svg(name, attributes, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

// Includes the date unless it is today.
function time(us) {
  const at = new Date(us / 1000);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? at.toLocaleTimeString() : at.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

const short = (number) => String(Number(number.toPrecision(6)));

function frame(height, label) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img" });
  drawing.append(svg("title", {}, label));
  return drawing;
}

// From 0 to 1. Halves the operands first, because the difference could overflow.
const share = (value, low, high) => (high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5);

// Splits points into lines of ascending time: the server's clock may have been set back.
function lines(points) {
  const all = [];
  points.forEach((point, index) => {
    if (index === 0 || point.at_us < points[index - 1].at_us) all.push([]);
    all.at(-1).push(point);
  });
  return all;
}

// Returns only the points with the least and the greatest value of each part, in order of time.
function thin(points) {
  if (points.length <= MAX_DRAWN) return points;
  const size = points.length / (MAX_DRAWN / 2);
  return Array.from({ length: MAX_DRAWN / 2 }, (_, index) => {
    const part = points.slice(Math.floor(index * size), Math.floor((index + 1) * size));
    const least = part.reduce((least, point) => (point.value < least.value ? point : least));
    const greatest = part.reduce((greatest, point) => (point.value > greatest.value ? point : greatest));
    return part.filter((point) => point === least || point === greatest);
  }).flat();
}

// Connects numbers with straight lines, booleans and enumerables with steps.
function path(line, x, y, isSteps) {
  const at = ({ at_us, value }) => `${x(at_us).toFixed(1)},${y(value).toFixed(1)}`;
  return line.map((point, index) => {
    if (!isSteps || index === 0) return at(point);
    return `${at({ at_us: point.at_us, value: line[index - 1].value })} ${at(point)}`;
  }).join(" ");
}

// `latest` is the last value as the table shows it.
function plot(points, name, latest, type) {
  const isBoolean = type === "boolean";
  const format = (value) => (isBoolean ? String(value === 1) : short(value));
  const values = isBoolean ? [0, 1] : points.map((point) => point.value);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const times = points.map((point) => point.at_us);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const adjusted = points.filter((point) => point.adjusted);
  const range = min === max ? `all ${format(min)}` : `${format(min)} to ${format(max)}`;
  const note = adjusted.length > 0 ? ` (${adjusted.length} adjusted)` : "";
  const [top, bottom] = [LINE + 6, 100];
  const [begin, end] = [time(from), time(to)];
  // With dates, the two do not fit on one line.
  const isShort = begin.length + end.length < 26;
  const drawing = frame(bottom + (isShort ? 2 : 3) * LINE + 4, `${name}: ${points.length} values${note}, ${range}, latest ${latest}`);
  const x = (us) => 6 + share(us, from, to) * (WIDTH - 12);
  const y = (value) => bottom - share(value, min, max) * (bottom - top);
  // Labels are above the upper line and below the lower one, so they need no margin.
  for (const value of max > min ? [max, min] : [max]) {
    const label = value === min && max > min ? y(value) + LINE - 1 : y(value) - 5;
    drawing.append(
      svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: y(value), y2: y(value) }),
      svg("text", { x: 0, y: label }, format(value)),
    );
  }
  const isSteps = isBoolean || type === "enumerable";
  for (const line of lines(points)) {
    drawing.append(svg("polyline", { class: "curve", points: path(thin(line), x, y, isSteps) }));
  }
  for (const { at_us, value } of thin(adjusted)) {
    drawing.append(svg("circle", { class: "adjusted-point", r: 3, cx: x(at_us), cy: y(value) }));
  }
  const last = points.at(-1);
  drawing.append(svg("circle", { class: "dot", r: 4, cx: x(last.at_us), cy: y(last.value) }));
  drawing.append(svg("text", { x: 0, y: bottom + 2 * LINE }, begin));
  const foot = bottom + (isShort ? 2 : 3) * LINE;
  if (to > from) drawing.append(svg("text", { x: WIDTH, y: foot, "text-anchor": "end" }, end));
  return drawing;
}

// Makes longitudes continuous, so that a track across 180° does not circle the globe.
function unwrapped(points) {
  let turn = 0;
  return points.map(({ value: [lon, lat] }, index) => {
    const before = index === 0 ? lon : points[index - 1].value[0];
    if (Math.abs(lon - before) > 180) turn += lon < before ? 360 : -360;
    return [lon + turn, lat];
  });
}

// Returns a step of 1, 2 or 5 times a power of ten with at most `most` steps in the span.
function step(span, most) {
  const power = 10 ** Math.floor(Math.log10(span / most));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => span / step <= most);
}

function marks(from, to, most) {
  const by = step(to - from, most);
  const first = Math.ceil(from / by);
  const count = Math.floor(to / by) - first + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(by)));
  return Array.from({ length: count }, (_, index) => {
    const at = (first + index) * by;
    return { at, label: (at - 360 * Math.round(at / 360)).toFixed(digits) + "°" };
  });
}

// Draws a track in an equirectangular projection, to scale at its mean latitude.
function map(points, name, latest) {
  const [height, foot] = [200, LINE + 4];
  const track = unwrapped(points);
  const [lons, lats] = [track.map(([lon]) => lon), track.map(([, lat]) => lat)];
  const middle = (all) => (Math.min(...all) + Math.max(...all)) / 2;
  const span = (all) => Math.max(...all) - Math.min(...all);
  const [lon, lat] = [middle(lons), middle(lats)];
  const narrow = Math.max(Math.cos((lat * Math.PI) / 180), 0.1);
  // Spans at least a kilometre, so that a stationary device is a point rather than a cloud.
  const degree = Math.min(WIDTH / Math.max(span(lons) * narrow, 0.01), height / Math.max(span(lats), 0.01)) * 0.75;
  const x = (lon_) => WIDTH / 2 + (lon_ - lon) * degree * narrow;
  const y = (lat_) => height / 2 - (lat_ - lat) * degree;
  const drawing = frame(height + foot, `${name}: ${points.length} locations, latest ${latest}`);
  const half = WIDTH / 2 / degree / narrow;
  for (const { at, label } of marks(lon - half, lon + half, 4)) {
    const edge = x(at) < 40 ? "start" : x(at) > WIDTH - 40 ? "end" : "middle";
    drawing.append(
      svg("line", { class: "axis", x1: x(at), x2: x(at), y1: 0, y2: height }),
      svg("text", { x: x(at), y: height + LINE - 2, "text-anchor": edge }, label),
    );
  }
  for (const { at, label } of marks(lat - height / 2 / degree, lat + height / 2 / degree, 4)) {
    if (Math.abs(at) > 90) continue;
    drawing.append(
      svg("line", { class: "axis", x1: 0, x2: WIDTH, y1: y(at), y2: y(at) }),
      svg("text", { x: 0, y: Math.max(y(at) - 4, LINE - 4) }, label),
    );
  }
  const here = track.at(-1);
  const distance = Math.ceil(track.length / MAX_DRAWN);
  const thinned = track.filter((_, index) => index % distance === 0 || index === track.length - 1);
  const line = thinned.map(([lon, lat]) => `${x(lon).toFixed(1)},${y(lat).toFixed(1)}`);
  drawing.append(
    svg("polyline", { class: "curve", points: line.join(" ") }),
    svg("circle", { class: "ring", r: 8, cx: x(here[0]), cy: y(here[1]) }),
    svg("circle", { class: "dot", r: 3.5, cx: x(here[0]), cy: y(here[1]) }),
  );
  return drawing;
}
