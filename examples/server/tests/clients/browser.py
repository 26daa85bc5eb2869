"""Opens the page in Chromium, sends batches, and looks for them there.

Usage: browser.py URL DIRECTORY OTHER_URL

The first server is the demonstration's, the other one has the devices of LINES. It drives chromedriver over HTTP and ends it, with its browser, when it is done. The pictures go
into the directory.
"""

import base64
import json
import math
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
        wanted = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        self.base += "/" + self.call("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def call(self, path, body=None, method="POST"):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def run(self, script, *args):
        return self.call("/execute/sync", {"script": script, "args": args})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def cdp(self, command, **parameters):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self, name):
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight + 20]")
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        (pictures / name).write_bytes(base64.b64decode(self.call("/screenshot", method="GET")))
        self.cdp("Emulation.clearDeviceMetricsOverride")

    def close(self):
        try:
            self.call("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()


def send(**pins):
    query = urllib.parse.urlencode({"token": TOKEN, **pins})
    with urllib.request.urlopen(f"{url}/external/api/batch/update?{query}", timeout=10) as answer:
        assert answer.read() == b"OK"


def eventually(what, holds):
    end = time.monotonic() + 15
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
        at = lambda pair: browser.text(f"tr[data-pin={pair.split('=')[0]}] td.at")
        eventually("every value", lambda: all(at(pair) for pair in query.split("&")[1:]))
        assert browser.run("return [...document.querySelectorAll('td.adjusted')].every((cell) => cell.textContent === '')")


def check(browser):
    value = lambda pin: browser.text(f"tr[data-pin={pin}] td.value")
    heading = lambda pin: browser.text(f"#plots figure[data-pin={pin}] h3")
    browser.call("/url", {"url": url + "/"})
    eventually("the datastreams", lambda: value("v1") == "no value yet")
    assert browser.text("tr[data-pin=v1] td:nth-child(2)") == "integer 0..=100"
    assert browser.text("#send") == line(url, f"token={TOKEN}&v1=33&v2=21.5&v3=all+well&v5=24.94,60.17")

    for step in range(30):
        send(v1=40 + step * 3, v2=21 + 4 * math.sin(step / 4), v5=f"{24 + step * 2.5},{60 - step * 3}",
             v6=step % 2, v7=19 + 3 * math.cos(step / 3), v4=20 if step % 3 else 7)
        time.sleep(0.03)
    start = time.monotonic()
    send(v1=133, v3=HOSTILE, v4=130)
    eventually("the string as text", lambda: value("v3") == HOSTILE)
    print(f"a value is on the page {time.monotonic() - start:.2f} s after it was sent")
    assert browser.text("tr[data-pin=v1] td.adjusted") == "max"
    assert value("v1") == "100"
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert value("v5") == "[96.5,-27.0]"
    assert heading("v1") == "v1: 100"
    points = browser.run("return document.querySelector('#plots figure[data-pin=v1] polyline').getAttribute('points')")
    assert len(points.split()) == 31, points
    plots = browser.run("return [...document.querySelectorAll('#plots figure')].map((plot) => plot.dataset.pin)")
    assert plots == ["v1", "v2", "v4", "v6", "v7"], plots
    place = browser.run("const dot = document.querySelector('#places .dot'); return [dot.cx.baseVal.value, dot.cy.baseVal.value]")
    assert place == [96.5, 27], place
    assert browser.text("#status").startswith("Live")
    browser.picture("light.png")
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.picture("dark.png")

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


with tempfile.TemporaryDirectory() as profile:
    browser = Browser(profile)
    try:
        check(browser)
        check_lines(browser)
    finally:
        browser.close()
