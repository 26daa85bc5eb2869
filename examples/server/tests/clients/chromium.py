"""Drives Chromium with chromedriver over HTTP, and checks a page's layout and accessibility."""

import base64
import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

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
        capabilities = {
            "goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 240_000, "pageLoad": 240_000},
        }
        self.base += "/" + self.call("", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def call(self, path, body=None, method="POST"):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)["value"]

    def run(self, script, *args):
        return self.call("/execute/sync", {"script": script, "args": args})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def cdp(self, command, **parameters):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height=900):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path, width):
        self.resize(width)
        self.resize(width, self.run("return document.documentElement.scrollHeight"))
        path.write_bytes(base64.b64decode(self.call("/screenshot", method="GET")))

    def press(self, key, code):
        for kind in ["keyDown", "keyUp"]:
            self.cdp("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                     text={"Enter": "\r", " ": " "}.get(key, ""))

    def set_color_scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def close(self):
        try:
            self.call("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()


# No drawing is clipped, no label is too small, and the page does not scroll sideways.
def check_layout(browser):
    clipped = browser.run("""
        const clipped = (svg) => [...svg.querySelectorAll("text, circle, polyline")].filter((part) => {
          const [box, frame] = [part.getBBox(), svg.viewBox.baseVal];
          return box.x < -1 || box.y < -1 || box.x + box.width > frame.width + 1 || box.y + box.height > frame.height + 1;
        });
        return [...document.querySelectorAll("svg")].flatMap(clipped).map((part) => part.outerHTML);
    """)
    assert not clipped, clipped
    small = browser.run("""
        const size = (text) => 13 * text.ownerSVGElement.clientWidth / 320;
        return [...document.querySelectorAll("svg text")].map(size).filter((size) => size < 11);
    """)
    assert not small, small
    wide = browser.run("""
        const width = document.documentElement.clientWidth;
        const parts = [...document.querySelectorAll("body *")];
        return parts.filter((part) => part.getBoundingClientRect().right > width + 0.5).map((part) => part.outerHTML);
    """)
    assert not wide, wide


def check_accessibility(browser, label):
    if "AXE" not in os.environ:
        print("skipped: AXE is not set")
        return
    browser.run(Path(os.environ["AXE"]).read_text() + "; window.axe = axe")
    script = "const done = arguments[0]; axe.run().then(done, (error) => done({error: String(error)}))"
    results = browser.call("/execute/async", {"script": script, "args": []})
    violations = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in results["violations"]]
    print(f"axe-core, {label}: {len(results['passes'])} rules passed, {len(violations)} violated")
    assert not violations, violations
