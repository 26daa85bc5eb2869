"""Sends the same batches with `requests` or `urllib`, with the library's own encoding, and prints the responses.

Usage: client.py requests|urllib URL TOKEN
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

library, url, token = sys.argv[1:]
cases = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))


def with_urllib():
    def get(path, pins):
        query = urllib.parse.urlencode([("token", token), *pins])
        try:
            with urllib.request.urlopen(f"{url}{path}?{query}", timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    return get


def with_requests():
    import requests

    session = requests.Session()

    def get(path, pins):
        response = session.get(f"{url}{path}", params=[("token", token), *pins], timeout=60)
        return response.status_code, response.text

    return get


get = {"requests": with_requests, "urllib": with_urllib}[library]()
for case in cases:
    status, body = get(case["path"], [tuple(pin) for pin in case["pins"]])
    print(json.dumps([status, body]))
