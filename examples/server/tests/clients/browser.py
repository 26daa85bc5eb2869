"""Opens the page in Chromium, sends batches, and looks for them there.

Usage: browser.py URL DIRECTORY OTHER_URL

The first server is the demonstration's, the other one has the devices of LINES. It drives chromedriver over HTTP and ends
it, with its browser, when it is done. The pictures go into the directory. With AXE, the path of axe-core's `axe.min.js`,
the page is also checked for what keeps people out.
"""

import base64
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

url, pictures, other_url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
TOKEN = "demo-greenhouse-not-a-secret"
HOSTILE = "<img src=x onerror=alert(1)>"
# What the page offers to send to each device of the other server.
LINES = {
    "it's-a-token": "token=it%27s-a-token&v0=40&v1=-9007199254740993&v2=-30.5&v3=all",
    "of-all-types": "token=of-all-types&v7=-20&v8=1&v9=24.94,60.17&v10=33",
}
WIDTHS = [360, 1280]
PLACEHOLDERS = "token=TOKEN&PIN=VALUE"
OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1100,1500",
]


class Browser:
    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if found := re.search(r"successfully on port (\d+)", line):
                self.base = f"http://127.0.0.1:{found[1]}/session"
                break
        arguments = [*OPTIONS, f"--user-data-dir={profile}"]
        wanted = {
            "goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 240_000, "pageLoad": 240_000},
        }
        self.base += "/" + self.call("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def call(self, path, body=None, method="POST"):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["value"]

    def run(self, script, *args):
        return self.call("/execute/sync", {"script": script, "args": args})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def cdp(self, command, **parameters):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height=900):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, name, width):
        self.size(width)
        self.size(width, self.run("return document.documentElement.scrollHeight"))
        (pictures / name).write_bytes(base64.b64decode(self.call("/screenshot", method="GET")))

    def scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def close(self):
        try:
            self.call("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()


def send(**pins):
    query = urllib.parse.urlencode({"token": TOKEN, **pins})
    with urllib.request.urlopen(f"{url}/external/api/batch/update?{query}", timeout=60) as answer:
        assert answer.read() == b"OK"


def eventually(what, holds):
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.1)


def line(server, query):
    return f"curl '{server}/external/api/batch/update?{query}'"


def show(browser, token):
    browser.run("document.getElementById('token').value = arguments[0]; document.querySelector('#device button').click()", token)


def check_lines(browser):
    browser.call("/url", {"url": other_url + "/"})
    assert browser.text("#send") == line(other_url, PLACEHOLDERS)
    for token, query in LINES.items():
        show(browser, token)
        eventually("the device's pins", lambda: browser.text("#send") == line(other_url, query))
        sent = subprocess.run(browser.text("#send") + " -sS", shell=True, check=True, capture_output=True, text=True)
        assert sent.stdout == "OK", sent
        at = lambda pair: browser.text(f"tr[data-pin={pair.split('=')[0]}] .at")
        eventually("every value", lambda: all(at(pair) for pair in query.split("&")[1:]))
        assert browser.run("return document.querySelectorAll('.adjusted').length") == 0


# Truth is 0 or 1 and nothing between: each step is level or upright.
def check_truth(browser):
    points = browser.run("return document.querySelector('#plots figure[data-pin=v6] polyline').getAttribute('points')")
    points = [point.split(",") for point in points.split()]
    assert len(points) == 2 * 30 - 1, points
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in zip(points, points[1:])), points
    assert len({y for _, y in points}) == 2, points


# No label is cut, and the page is as wide as its window.
def check_labels(browser):
    cut = browser.run("""
        const beyond = (svg) => [...svg.querySelectorAll("text, circle, polyline")].filter((part) => {
          const [box, frame] = [part.getBBox(), svg.viewBox.baseVal];
          return box.x < -1 || box.y < -1 || box.x + box.width > frame.width + 1 || box.y + box.height > frame.height + 1;
        });
        return [...document.querySelectorAll("svg")].flatMap(beyond).map((part) => part.outerHTML);
    """)
    assert not cut, cut
    small = browser.run("""
        const size = (text) => 13 * text.ownerSVGElement.clientWidth / 320;
        return [...document.querySelectorAll("svg text")].map(size).filter((size) => size < 11);
    """)
    assert not small, small
    wide = browser.run("""
        const room = document.documentElement.clientWidth;
        const parts = [...document.querySelectorAll("body *")];
        return parts.filter((part) => part.getBoundingClientRect().right > room + 0.5).map((part) => part.outerHTML);
    """)
    assert not wide, wide


def check_for_people(browser, where):
    if "AXE" not in os.environ:
        print("skipped: no axe-core")
        return
    browser.run(Path(os.environ["AXE"]).read_text() + "; window.axe = axe")
    script = "const done = arguments[0]; axe.run().then(done, (error) => done({error: String(error)}))"
    found = browser.call("/execute/async", {"script": script, "args": []})
    wrong = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]
    print(f"axe-core, {where}: {len(found['passes'])} rules hold, {len(wrong)} do not")
    assert not wrong, wrong


def check_sizes(browser):
    for scheme in ["light", "dark"]:
        browser.scheme(scheme)
        for width in WIDTHS:
            browser.size(width)
            check_labels(browser)
            check_for_people(browser, f"{scheme}, {width} px")
            browser.picture(f"{scheme}-{width}.png", width)
    browser.scheme("light")


# A day later, after the clock was set back, across 180 degrees, and by the longest numbers.
def check_night(browser):
    browser.call("/url", {"url": url + "/"})
    browser.run("start = () => {}; session += 1")
    browser.run("""
        const [day, now] = [86400e6, Date.now() * 1e3];
        const batch = (id, at_us, ...updates) =>
          ({ id, at_us, updates: updates.map(([pin, value]) => ({ pin, value, adjusted: null })) });
        const batches = [
          batch(1, now - day, [1, 10], [2, -1.7976931348623157e308], [5, [179.9, 10]]),
          batch(2, now, [1, 20], [2, 1.7976931348623157e308], [5, [-179.8, 10.2]]),
          batch(3, now - day / 2, [1, 15], [2, 5e-324], [5, [-179.6, 10.1]]),
        ];
        const stream = (pin, datastream) => ({ pin, datastream, value: "x".repeat(64), adjusted: null, at_us: now - day });
        plots.clear(); places.clear();
        show({ datastreams: [stream("v1", "integer 0..=100"), stream("v2", "double"), stream("v5", "location")], batches }, true);
    """)
    year = str(time.localtime(time.time() - 86400).tm_year)
    assert year in browser.text("tr[data-pin=v1] .at"), browser.text("tr[data-pin=v1] .at")
    lines = browser.run("return [...document.querySelectorAll('#plots figure[data-pin=v1] polyline')].map((line) => line.getAttribute('points'))")
    assert len(lines) == 2, lines
    # Across 180 degrees and not round the world: five tenths of a degree are most of the map.
    track = browser.run("return document.querySelector('#places polyline').getAttribute('points')")
    track = [float(point.split(",")[0]) for point in track.split()]
    assert track == sorted(track) and track[2] - track[0] > 100, track
    for width in WIDTHS:
        browser.size(width)
        check_labels(browser)
        check_for_people(browser, f"after a night, {width} px")
        browser.picture(f"night-{width}.png", width)


def check(browser):
    value = lambda pin: browser.text(f"tr[data-pin={pin}] .bare")
    heading = lambda pin: browser.text(f"#plots figure[data-pin={pin}] figcaption")
    browser.call("/url", {"url": url + "/"})
    eventually("the datastreams", lambda: value("v1") == "no value yet")
    assert browser.text("tr[data-pin=v1] .stream") == "integer, 0 to 100"
    assert browser.text("tr[data-pin=v4] .stream") == "enumerable, 0, 20, 130, else 0"
    assert browser.text("tr[data-pin=v3] .stream") == "string, up to 64 bytes"
    assert browser.text("#send") == line(url, f"token={TOKEN}&v1=33&v2=21.5&v3=all+well&v5=24.94,60.17")

    for step in range(30):
        send(v1=40 + step * 3, v2=21 + 4 * math.sin(step / 4), v5=f"{24 + step * 2.5},{60 - step * 3}",
             v6=step % 2, v7=19 + 3 * math.cos(step / 3), v4=20 if step % 3 else 7)
        time.sleep(0.03)
    start = time.monotonic()
    send(v1=133, v3=HOSTILE, v4=130)
    eventually("the string as text", lambda: value("v3") == HOSTILE)
    print(f"a value is on the page {time.monotonic() - start:.2f} s after it was sent")
    assert browser.text("tr[data-pin=v1] .adjusted") == "lowered to the maximum"
    assert value("v1") == "100"
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert value("v5") == "[96.5,-27.0]"
    assert heading("v1") == "v1: 100"
    points = browser.run("return document.querySelector('#plots figure[data-pin=v1] polyline').getAttribute('points')")
    assert len(points.split()) == 31, points
    plots = browser.run("return [...document.querySelectorAll('#plots figure')].map((plot) => plot.dataset.pin)")
    assert plots == ["v1", "v2", "v4", "v6", "v7"], plots
    changed = browser.run("return document.querySelectorAll('#plots figure[data-pin=v1] .changed').length")
    assert changed == 10, changed
    check_truth(browser)
    assert browser.text("#status").startswith("Live")
    check_sizes(browser)

    send(v2="-0", v6=1)
    eventually("the sign of zero", lambda: heading("v2") == "v2: -0.0")
    assert heading("v6") == "v6: true"
    for pin, last in [("v2", "-0.0"), ("v6", "true"), ("v1", "100")]:
        title = browser.text(f"#plots figure[data-pin={pin}] title")
        assert title.endswith(f", the last {last}"), title

    show(browser, "another")
    eventually("the refusal", lambda: browser.text("#status") == "No values: Invalid token.")
    assert browser.run("return location.href") == url + "/", "the token is in the URL"
    assert browser.text("#send") == line(url, PLACEHOLDERS)
    log = browser.call("/se/log", {"type": "browser"})
    wrong = [entry for entry in log if "page/state" not in entry["message"]]
    assert not wrong, wrong


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    browser = Browser(profile)
    try:
        check(browser)
        check_lines(browser)
        check_night(browser)
    finally:
        browser.close()
