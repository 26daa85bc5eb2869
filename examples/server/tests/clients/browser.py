"""Tests the page in Chromium: sends batches and checks that they appear.

Usage: browser.py URL DIRECTORY OTHER_URL PID

The first server has this process id and serves the demo device, the other one the devices of `browser.rs`. Screenshots
are saved in the directory. If AXE is the path of axe-core's `axe.min.js`, accessibility is also checked.
"""

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from chromium import Browser, check_accessibility, check_layout

url, screenshots, other_url, pid = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
TOKEN = "demo-greenhouse-not-a-secret"
HOSTILE = "<img src=x onerror=alert(1)>"
# The query of the command that the page suggests for each device of the other server.
COMMANDS = {
    "it's-a-token": "token=it%27s-a-token&v0=40&v1=-9007199254740993&v2=-30.5&v3=all",
    "of-all-types": "token=of-all-types&v7=-20&v8=1&v9=24.94,60.17&v10=33",
}
WIDTHS = [360, 1280]
PLACEHOLDERS = "token=TOKEN&PIN=VALUE"


def send(server=url, token=TOKEN, **pins):
    query = urllib.parse.urlencode({"token": token, **pins})
    with urllib.request.urlopen(f"{server}/external/api/batch/update?{query}", timeout=60) as response:
        assert response.read() == b"OK"


def eventually(description, condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {description}"
        time.sleep(0.1)


def curl(server, query):
    return f"curl '{server}/external/api/batch/update?{query}'"


def show(browser, token):
    browser.run("document.getElementById('token').value = arguments[0]; document.querySelector('#device button').click()", token)


def reveal(browser):
    browser.run("document.getElementById('reveal').click()")


def check_commands(browser):
    browser.call("/url", {"url": other_url + "/"})
    reveal(browser)
    assert browser.text("#send") == curl(other_url, PLACEHOLDERS)
    for token, query in COMMANDS.items():
        show(browser, token)
        eventually("the suggested command", lambda: browser.text("#send") == curl(other_url, query))
        result = subprocess.run(browser.text("#send") + " -sS", shell=True, check=True, capture_output=True, text=True)
        assert result.stdout == "OK", result
        time_of = lambda pair: browser.text(f"tr[data-pin={pair.split('=')[0]}] .at")
        eventually("all values", lambda: all(time_of(pair) for pair in query.split("&")[1:]))
        assert browser.run("return document.querySelectorAll('.adjusted').length") == 0


# Booleans are drawn as steps: every segment is horizontal or vertical.
def check_boolean_plot(browser):
    points = browser.run("return document.querySelector('#plots figure[data-pin=v6] polyline').getAttribute('points')")
    points = [point.split(",") for point in points.split()]
    assert len(points) == 2 * 30 - 1, points
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in zip(points, points[1:])), points
    assert len({y for _, y in points}) == 2, points


def check_sizes(browser):
    for scheme in ["light", "dark"]:
        browser.set_color_scheme(scheme)
        for width in WIDTHS:
            browser.resize(width)
            check_layout(browser)
            check_accessibility(browser, f"{scheme}, {width} px")
            browser.screenshot(screenshots / f"{scheme}-{width}.png", width)
    browser.set_color_scheme("light")


def photograph(browser, name):
    for width in WIDTHS:
        browser.resize(width)
        check_layout(browser)
        check_accessibility(browser, f"{name}, {width} px")
        browser.screenshot(screenshots / f"{name}-{width}.png", width)


# Times on another day, a clock that was set back, a track across 180 degrees, and the longest numbers.
def check_extremes(browser):
    browser.call("/url", {"url": url + "/"})
    browser.run("start = () => {}; session += 1")
    browser.run("""
        const [day, now] = [86400e6, Date.now() * 1e3];
        const batch = (id, at_us, ...updates) =>
          ({ id, at_us, updates: updates.map(([pin, value]) => ({ pin, value, adjusted: null })) });
        const batches = [
          batch(1, now - day, [1, 10], [2, -1.7976931348623157e308], [5, [179.9, 10]], [7, 1]),
          batch(2, now, [1, 20], [2, 1.7976931348623157e308], [5, [-179.8, 10.2]]),
          batch(3, now - day / 2, [1, 15], [2, 5e-324], [5, [-179.6, 10.1]]),
        ];
        const row = (pin, datastream) => ({ pin, datastream, value: "x".repeat(64), adjusted: null, at_us: now - day });
        const datastreams = [row("v1", "integer 0..=100"), row("v2", "double"), row("v5", "location"), row("v7", "double")];
        forget();
        receive({ now_us: now, offline_after: 60, datastreams, batches, rejections: [] }, "t");
    """)
    title = lambda: browser.text("#plots figure[data-pin=v1] title")
    eventually("the plots are drawn", lambda: (title() or "").startswith("v1: 3 values"))
    year = str(time.localtime(time.time() - 86400).tm_year)
    assert year in browser.text("tr[data-pin=v1] .at"), browser.text("tr[data-pin=v1] .at")
    lines = browser.run("return [...document.querySelectorAll('#plots figure[data-pin=v1] polyline')].map((line) => line.getAttribute('points'))")
    assert len(lines) == 2, lines
    # The track crosses 180 degrees rather than circling the globe, so half a degree fills most of the map.
    track = browser.run("return document.querySelector('#tracks polyline').getAttribute('points')")
    track = [float(point.split(",")[0]) for point in track.split()]
    assert track == sorted(track) and track[2] - track[0] > 100, track
    photograph(browser, "extremes")
    choose = """
        const range = document.getElementById("range");
        range.value = arguments[0];
        range.dispatchEvent(new Event("change"));
    """
    for seconds, count in [(3600, 1), (86400, 2), ("", 3)]:
        browser.run(choose, str(seconds))
        eventually(f"a range of {seconds} s", lambda: title().startswith(f"v1: {count} values"))
        drawn = browser.text("#plots figure[data-pin=v7]")
        assert ("No values in this time range." in drawn) == (count < 3), drawn
        if count == 1:
            photograph(browser, "range")


def value(browser, pin):
    return browser.text(f"tr[data-pin={pin}] .text")


def plot_heading(browser, pin):
    return browser.text(f"#plots figure[data-pin={pin}] figcaption")


def check_empty_page(browser):
    browser.call("/url", {"url": url + "/"})
    eventually("the datastreams are shown", lambda: value(browser, "v1") == "no value yet")
    assert browser.text("tr[data-pin=v1] .datastream") == "integer: 0 to 100"
    assert browser.text("tr[data-pin=v4] .datastream") == "enumerable: 0, 20, 130; fallback 0"
    assert browser.text("tr[data-pin=v3] .datastream") == "string: up to 64 bytes"
    example = "v1=33&v2=21.5&v3=all+well&v5=24.94,60.17"
    assert browser.text("#send") == curl(url, "token=••••••••&" + example)
    assert browser.run("return document.getElementById('token').type") == "password"
    reveal(browser)
    assert browser.run("return document.getElementById('token').type") == "text"
    assert browser.text("#send") == curl(url, f"token={TOKEN}&{example}")
    reveal(browser)
    assert TOKEN not in browser.run("return document.body.textContent")


def check_live_values(browser):
    for step in range(30):
        send(v1=40 + step * 3, v2=21 + 4 * math.sin(step / 4), v5=f"{24 + step * 2.5},{60 - step * 3}",
             v6=step % 2, v7=19 + 3 * math.cos(step / 3), v4=20 if step % 3 else 7)
        time.sleep(0.03)
    start = time.monotonic()
    send(v1=133, v3=HOSTILE, v4=130)
    eventually("the string is shown as text", lambda: value(browser, "v3") == HOSTILE)
    print(f"a value appeared on the page {time.monotonic() - start:.2f} s after it was sent")
    assert browser.text("tr[data-pin=v1] .adjusted") == "lowered to the maximum"
    assert value(browser, "v1") == "100"
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert value(browser, "v5") == "[96.5,-27.0]"
    eventually("the plots are drawn", lambda: plot_heading(browser, "v1") == "v1: 100")
    points = browser.run("return document.querySelector('#plots figure[data-pin=v1] polyline').getAttribute('points')")
    assert len(points.split()) == 31, points
    plots = browser.run("return [...document.querySelectorAll('#plots figure')].map((plot) => plot.dataset.pin)")
    assert plots == ["v1", "v2", "v4", "v6", "v7"], plots
    adjusted = browser.run("return document.querySelectorAll('#plots figure[data-pin=v1] .adjusted-point').length")
    assert adjusted == 10, adjusted
    check_boolean_plot(browser)
    assert browser.text("#status").startswith("Live")
    check_sizes(browser)


def check_exact_text(browser):
    send(v2="-0", v6=1)
    eventually("the sign of zero is shown", lambda: plot_heading(browser, "v2") == "v2: -0.0")
    assert plot_heading(browser, "v6") == "v6: true"
    for pin, latest in [("v2", "-0.0"), ("v6", "true"), ("v1", "100")]:
        title = browser.text(f"#plots figure[data-pin={pin}] title")
        assert title.endswith(f", latest {latest}"), title


def ages(browser):
    return browser.run("return [...document.querySelectorAll('.stale .age')].map((age) => age.textContent)")


def check_rejections(browser):
    cells = lambda: browser.run("return [...document.querySelectorAll('#rejections td')].map((cell) => cell.textContent)")
    assert cells() == ["None."], cells()
    for pins in [{"v1": "21.5"}, {"v99": "1"}, {}]:
        try:
            send(**pins)
            raise AssertionError(f"{pins} was accepted")
        except urllib.error.HTTPError as error:
            error.close()
            assert error.code == 400, error
    eventually("all rejections are shown", lambda: len(cells()) == 9)
    texts = [cells()[3 * row:3 * row + 2] for row in range(3)]
    assert texts == [["", "no pins"], ["v99", "unknown pin"], ["v1", "invalid value: not an integer"]], texts
    assert all(cells()[2::3]), cells()
    assert browser.text("#seen") == "The device is online. Its last batch was rejected.", browser.text("#seen")
    photograph(browser, "rejected")


# A frozen server accepts connections and never responds.
def check_frozen_server(browser):
    send(v1=50)
    eventually("the value is shown", lambda: value(browser, "v1") == "50")
    assert "online" in browser.text("#seen"), browser.text("#seen")
    assert not ages(browser), ages(browser)
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually("the page notices", lambda: browser.text("#status").startswith("No response from the server. Last response: "))
        assert browser.text("#seen").startswith("Last seen: "), browser.text("#seen")
        stale = ages(browser)
        assert len(stale) == 7 and all(stale), stale
        photograph(browser, "frozen")
        eventually("the request is aborted", lambda: "did not respond within 6 seconds" in browser.text("#status"))
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually("the page recovers", lambda: browser.text("#status").startswith("Live"))


# A device that was last seen two hours ago, although its server responds.
def check_offline_device(browser):
    browser.call("/url", {"url": url + "/"})
    browser.run("""
        start = () => {}; session += 1;
        const now_us = Date.now() * 1e3;
        const row = (pin, age) => ({ pin, datastream: "double", value: "1.5", adjusted: null, at_us: now_us - age * 1e6 });
        receive({ now_us, offline_after: 60, datastreams: [row("v1", 7300), row("v2", 90061)], batches: [], rejections: [] }, "t");
        showStatus();
    """)
    assert browser.text("#seen").startswith("The device is offline. Last seen: "), browser.text("#seen")
    assert ages(browser) == ["2 h old", "1 d old"], ages(browser)
    photograph(browser, "offline")
    browser.run("receive({ error: 'Error: Invalid token.' }, 't'); showStatus()")
    assert browser.text("#status").startswith("Error: Invalid token. Last response: "), browser.text("#status")


# Tab reaches every control, Space and Enter operate it, and a new value neither closes a fold nor takes the focus.
def check_keyboard_and_folds(browser):
    browser.call("/url", {"url": other_url + "/"})
    show(browser, "with-text")
    send(other_url, "with-text", v13="long " * 200)
    eventually("the string is folded", lambda: browser.text("tr[data-pin=v13] summary") is not None)
    assert browser.text("tr[data-pin=v13] .preview") == "long " * 12 + "… "
    is_open = lambda: browser.run("return document.querySelector('tr[data-pin=v13] .text').open")
    assert not is_open()
    photograph(browser, "folded")
    focused = lambda: browser.run("return document.activeElement.id || document.activeElement.localName")
    browser.run("document.getElementById('token').focus()")
    reached = [focused()]
    for _ in range(3):
        browser.press("Tab", 9)
        reached.append(focused())
        if reached[-1] == "reveal":
            browser.press(" ", 32)
    assert reached == ["token", "button", "reveal", "summary"], reached
    assert browser.run("return document.getElementById('token').type") == "text"
    browser.press("Enter", 13)
    assert is_open()
    send(other_url, "with-text", v13="more\n" * 200)
    eventually("the new string is shown", lambda: "more" in browser.text("tr[data-pin=v13] .preview"))
    assert is_open() and focused() == "summary", focused()
    # The option --offline-after of this server is a second.
    eventually("the device is offline", lambda: browser.text("#seen").startswith("The device is offline. Last seen: "))
    eventually("its value is stale", lambda: len(ages(browser)) == 1)
    photograph(browser, "unfolded")


# Tasks of 50 ms and more, which block input, and the most drawings that were added in one task.
OBSERVE = """
    window.blocked = [];
    window.largest = 0;
    new PerformanceObserver((list) => window.blocked.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: "longtask", buffered: true });
    new MutationObserver((records) => {
      const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
      const drawings = new Set(added.map((node) => (node.localName === "svg" ? node : node.querySelector?.("svg"))));
      drawings.delete(null);
      drawings.delete(undefined);
      window.largest = Math.max(window.largest, drawings.size);
    }).observe(document, { childList: true, subtree: true });
"""


def check_many_pins(browser):
    for batch in range(80):
        pins = {f"v{pin}": round(20 + pin / 10 + math.sin(batch / 9 + pin), 3) for pin in range(256)}
        send(other_url, "of-256-pins", **pins)
    browser.resize(1280)
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=OBSERVE)
    browser.call("/url", {"url": other_url + "/"})
    for _ in range(3):
        browser.run("blocked.length = 0; largest = 0")
        show(browser, "of-256-pins")
        eventually("all plots are drawn", lambda: browser.run("return document.querySelectorAll('#plots svg').length") == 256)
        blocked, largest = browser.run("return [blocked, largest]")
        print(f"256 pins: tasks of 50 ms and more: {blocked}, at most {largest} drawings in a task")
        assert largest <= 8, largest
    title = browser.text("#plots svg title")
    assert title.startswith("v0: 78 values, "), title


# Older batches are loaded only for a chosen time range, each portion once, and up to a limit.
def check_older_batches(browser):
    choose = "const range = document.getElementById('range'); range.value = arguments[0]; range.dispatchEvent(new Event('change'))"
    title = lambda: browser.text("#plots svg title") or ""
    browser.run("window.requests = []; window.fetchNow = fetchState; "
                "fetchState = (token, position) => { requests.push(position); return fetchNow(token, position); }")
    older = lambda: browser.run("return requests.filter(({ before }) => before !== undefined).length")
    browser.run("blocked.length = 0; largest = 0")
    assert older() == 0 and title().startswith("v0: 78 values, "), title()
    browser.run(choose, "3600")
    eventually("all batches are loaded", lambda: title().startswith("v0: 80 values, "))
    eventually("all plots are drawn", lambda: not browser.run("return isDrawing || loading !== null"))
    assert older() == 1 and browser.text("#coverage") == "", (older(), browser.text("#coverage"))
    blocked, largest = browser.run("return [blocked, largest]")
    print(f"older values of 256 pins: tasks of 50 ms and more: {blocked}, at most {largest} drawings in a task")
    assert largest <= 8, largest
    browser.run("""
        fetchState = async (token, { before = 1e6 }) => {
          requests.push({ before });
          const now_us = Date.now() * 1e3;
          const batch = (id) => ({ id, at_us: now_us - (1e6 - id) * 1e4, updates: [{ pin: 10, value: id, adjusted: "max" }] });
          const batches = Array.from({ length: 500 }, (_, index) => batch(before - 500 + index));
          return { now_us, offline_after: 60, datastreams: [{ pin: "v10", datastream: "integer", value: null, adjusted: null, at_us: null }],
                   batches, rejections: [], more: true };
        };
        watch = async (token) => receive(await fetchState(token, {}), token);
        requests.length = 0;
        start();
    """)
    eventually("the limit is reached", lambda: title().startswith("v10: 20000 values "))
    eventually("nothing is loading", lambda: browser.run("return loading === null"))
    assert older() == 1 + 20000 // 500, older()
    assert browser.text("#coverage").startswith("Only values since "), browser.text("#coverage")
    points = browser.run("return document.querySelector('#plots polyline').getAttribute('points').split(' ').length")
    circles = browser.run("return document.querySelectorAll('#plots circle').length")
    assert points == 1000 and circles == 1001, (points, circles)
    photograph(browser, "older")
    browser.run(choose, "60")
    assert browser.text("#coverage") == "", browser.text("#coverage")
    browser.run(choose, "")


def check_unknown_token(browser):
    show(browser, "another")
    eventually("the error is shown", lambda: browser.text("#status") == "Error: Invalid token.")
    assert browser.run("return location.href") == url + "/", "the token is in the URL"
    assert browser.text("#send") == curl(url, PLACEHOLDERS)
    log = browser.call("/se/log", {"type": "browser"})
    unexpected = [entry for entry in log if "page/state" not in entry["message"]]
    assert not unexpected, unexpected


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    browser = Browser(profile)
    try:
        check_empty_page(browser)
        check_live_values(browser)
        check_exact_text(browser)
        check_rejections(browser)
        check_frozen_server(browser)
        check_unknown_token(browser)
        check_commands(browser)
        check_keyboard_and_folds(browser)
        check_many_pins(browser)
        check_older_batches(browser)
        check_extremes(browser)
        check_offline_device(browser)
    finally:
        browser.close()
