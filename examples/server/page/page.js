"use strict";

const POLL_INTERVAL_MS = 1000;
// Longer than the server's own default, so that its error is shown if it can still send one.
const REQUEST_TIMEOUT_MS = 6000;
// Without a response for this long, the page is no longer marked as live.
const LIVE_FOR_MS = 3000;
// Maximum values to load in addition to the newest ones, to cover the chosen time range.
const MAX_OLDER_VALUES = 20000;
// Each response with older values counts as at least this many of them.
const MIN_OLDER_VALUES = 500;
// Maximum pins in the example command.
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
let after = null;
// The oldest loaded batch, and whether the server has older ones.
let oldest = null;
let hasOlder = false;
let olderValues = 0;
// The session that is loading older batches.
let loading = null;
let session = 0;
// The time of the last response, by the server's clock and by the browser's monotonic one.
let heard = null;
let failure = null;
// The status before any response.
let idle = "";
// The token and the pins of the suggested command.
let example = PLACEHOLDER;

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

// The server's clock, because the browser's may differ.
const serverUs = () => heard.now_us + (performance.now() - heard.at) * 1000;

const secondsSince = (us) => Math.max(0, (serverUs() - us) / 1e6);

// The beginning of the chosen time range.
const rangeStartUs = () => (byId("range").value === "" ? -Infinity : serverUs() - byId("range").value * 1e6);

function showStatus() {
  const isLive = failure === null && heard !== null && performance.now() - heard.at < LIVE_FOR_MS;
  const since = heard === null ? "" : ` Last response: ${time(heard.now_us)}.`;
  const problem = failure ?? (heard === null ? idle : "No response from the server.");
  byId("status").classList.toggle("error", !isLive && problem !== idle);
  setText(byId("status"), isLive ? "Live: new values appear within a second." : problem + since);
  if (heard === null) return;
  showCoverage();
  showAges(isLive);
  showDevice(isLive);
}

const FAILURES = {
  TimeoutError: `The server did not respond within ${REQUEST_TIMEOUT_MS / 1000} seconds.`,
  TypeError: "The server cannot be reached.",
  SyntaxError: "The response is not from this server.",
};

async function fetchState(token, position) {
  // In the body, because URLs end up in logs and browser histories.
  const body = new URLSearchParams({ token, ...position });
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const response = await fetch("/page/state", { method: "POST", body, cache: "no-store", signal });
    const result = await response.json();
    return response.ok ? result : { error: `Error: ${result.error.message}` };
  } catch (error) {
    return { error: FAILURES[error.name] ?? String(error) };
  }
}

function receive(state, token) {
  failure = state.error ?? null;
  if (failure !== null) return;
  heard = { now_us: state.now_us, offline_after: state.offline_after, at: performance.now() };
  example = { token, pairs: examples(state.datastreams) };
  showSend();
  showRejections(state.rejections);
  showValues(state.datastreams);
  const isFirst = after === null && state.batches.length > 0;
  if (isFirst) [oldest, hasOlder] = [state.batches[0], state.more];
  after = state.batches.at(-1)?.id ?? after;
  remember(state.batches);
  drawAll();
  if (isFirst) loadOlder();
}

const isCovered = () => !hasOlder || oldest.at_us <= rangeStartUs();

// Loads older batches until the chosen time range is covered. After a failure, choosing a range tries again.
async function loadOlder() {
  const [ownSession, { token }] = [session, example];
  if (loading === session) return;
  loading = session;
  while (byId("range").value !== "" && !isCovered() && olderValues < MAX_OLDER_VALUES) {
    const { batches, more, error } = await fetchState(token, { before: oldest.id });
    if (ownSession !== session) return;
    if (error !== undefined) break;
    hasOlder = more && batches.length > 0;
    oldest = batches[0] ?? oldest;
    const count = batches.reduce((count, { updates }) => count + updates.length, 0);
    // A response with few values is full of long strings.
    olderValues += Math.max(count, MIN_OLDER_VALUES);
    remember(batches, true);
    drawAll();
    showCoverage();
  }
  loading = null;
}

function showCoverage() {
  const isComplete = byId("range").value === "" || (isCovered() && droppedUs < rangeStartUs());
  setText(byId("coverage"), isComplete ? "" : `Only values since ${time(Math.max(oldest.at_us, droppedUs))} are loaded.`);
}

async function watch(token, ownSession) {
  for (let isFirst = true; ownSession === session; ) {
    const state = await fetchState(token, after === null ? {} : { after });
    if (ownSession !== session) return;
    receive(state, token);
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
  oldest = null;
  hasOlder = false;
  olderValues = 0;
  heard = null;
  failure = null;
  idle = token === "" ? "Not connected." : "Connecting.";
  forget();
  rows.clear();
  byId("values").replaceChildren();
  showRejections([]);
  setText(byId("seen"), "");
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
byId("range").addEventListener("change", () => {
  drawAll();
  if (heard === null) return;
  showCoverage();
  loadOlder();
});
setInterval(showStatus, 1000);
start();
