#!/usr/bin/env python3
"""Tests the module in Debian's nginx: test.py MODULE [-v]"""
import json
import signal
import sys
import unittest

from server import TEMPLATE, TOKEN, Server, eventually

UPDATE = "/external/api/batch/update"
INVALID_TOKEN = "Invalid token."
WRONG_PIN = "Wrong pin format."
NO_DATASTREAM = "No datastream setup for that pin."
WRONG_TYPE = "Value doesn't match the Datastream data type"


def body(message):
    return '{"error":{"message":"%s"}}' % message


def forwarded(response):
    """Returns what the backend received: the updates, another header, and the target."""
    status, _, text = response
    assert status == 200, response
    updates, other, target = text.split("|", 2)
    return updates, other, target


class Module(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(MODULE))

    def test_a_valid_batch_is_forwarded_with_its_updates(self):
        query = f"token={TOKEN}&v1=133&v2=44&v3=caf%C3%A9%0A&v5=8.5,47&V6=1"
        updates, _, target = forwarded(self.server.get(f"{UPDATE}?{query}"))
        self.assertEqual(json.loads(updates), [
            {"pin": 1, "value": 100, "adjusted": "max"}, {"pin": 2, "value": 44.0, "adjusted": None},
            {"pin": 3, "value": "café\n", "adjusted": None}, {"pin": 5, "value": [8.5, 47.0], "adjusted": None},
            {"pin": 6, "value": True, "adjusted": None}])
        self.assertTrue(updates.isascii() and updates.isprintable())
        self.assertEqual(target, f"{UPDATE}?{query}")
        self.assertEqual(self.server.accessed(1), [f"GET {UPDATE} 200 accepted - -"])

    def test_an_invalid_batch_gets_blynks_response(self):
        rows = [
            ("v1=33", INVALID_TOKEN, "missing_token - -"),
            ("", INVALID_TOKEN, "missing_token - -"),
            ("token=&v1=33", INVALID_TOKEN, "invalid_token - -"),
            ("token=other&v1=33", INVALID_TOKEN, "unknown_token - -"),
            (f"token={TOKEN}&token={TOKEN}", INVALID_TOKEN, "duplicate_token - -"),
            (f"token={TOKEN}&v256=1", WRONG_PIN, "invalid_pin - -"),
            (f"token={TOKEN}&v9=1", NO_DATASTREAM, "unknown_pin - v9"),
            (f"token={TOKEN}&v1=1&v1=1", WRONG_PIN, "duplicate_pin - v1"),
            (f"token={TOKEN}&v2=nan", WRONG_TYPE, "invalid_value not_a_double v2"),
            (f"token={TOKEN}&v4=7", WRONG_TYPE, "invalid_value not_a_value v4"),
            (f"token={TOKEN}&", WRONG_PIN, "no_pins - -"),
        ]
        for query, message, _ in rows:
            with self.subTest(query=query):
                response = self.server.get(f"{UPDATE}?{query}")
                self.assertEqual(response, (400, "application/json", body(message)))
        logged = [f"GET {UPDATE} 400 {words}" for _, _, words in rows]
        self.assertEqual(self.server.accessed(len(logged)), logged)

    def test_a_rejection_keeps_the_connection_for_any_method(self):
        for method, text in ("POST", body(WRONG_PIN)), ("HEAD", ""):
            response = self.server.get(f"{UPDATE}?token={TOKEN}", method=method)
            self.assertEqual(response, (400, "application/json", text))
        line = f"GET {UPDATE}?token={TOKEN} HTTP/1.1\r\nHost: x\r\n"
        responses = self.server.raw(f"{line}\r\n{line}Connection: close\r\n\r\n".encode())
        self.assertEqual(responses.count("HTTP/1.1 400"), 2)

    def test_a_client_cannot_forge_the_header(self):
        forged = [("X-Pinquery-Updates", "forged"), ("x-pinquery-UPDATES", "forged"), ("X_Pinquery_Updates", "forged"),
                  ("X-Pinquery_Updates", "forged"), ("X-Other", "kept"), ("X-Pinquery-Updates", "forged")]
        many = [(f"X-Filler-{number}", "x") for number in range(60)]
        for path, updates in (UPDATE, '[{"pin":1,"value":3,"adjusted":null}]'), ("/off", ""), ("/log", ""):
            value = 3 if updates else "bad"
            for headers in forged, many + forged, forged + many, forged[:1] + many + forged:
                response = self.server.get(f"{path}?token={TOKEN}&v1={value}", headers)
                self.assertEqual(forwarded(response)[:2], (updates, "kept"))
        response = self.server.get(f"/variable?token={TOKEN}&v1=3", [("X-Other", "forged")])
        self.assertEqual(forwarded(response)[1], '[{"pin":1,"value":3,"adjusted":null}]')

    def test_log_mode_forwards_invalid_batches(self):
        updates, _, target = forwarded(self.server.get(f"/log?token={TOKEN}&v1=hot"))
        self.assertEqual((updates, target), ("", f"/log?token={TOKEN}&v1=hot"))
        self.assertEqual(self.server.accessed(1), ["GET /log 200 invalid_value not_an_integer v1"])
        lines = self.module_lines()
        self.assertIn("[error]", lines)
        self.assertIn("pinquery: invalid_value, not_an_integer, pin 1, bytes 42..45, client: 127.0.0.1", lines)

    def module_lines(self):
        return "\n".join(line for line in self.server.log("error").splitlines() if "pinquery: " in line)

    def test_the_module_never_logs_the_token(self):
        for path in UPDATE, "/log", "/off":
            for query in f"token={TOKEN}&v1=hot", f"token={TOKEN}&v1=1", f"v1=1&token={TOKEN}&token={TOKEN}":
                self.server.get(f"{path}?{query}")
        self.assertEqual(len(self.module_lines().splitlines()), 4)
        self.assertNotIn(TOKEN, self.module_lines())
        self.assertNotIn(TOKEN, "".join(self.server.accessed(9)))

    def test_off_forwards_everything(self):
        self.assertEqual(forwarded(self.server.get("/off?v1=hot"))[0], "")
        self.assertEqual(self.server.accessed(1), ["GET /off 200 - - -"])

    def test_a_rewritten_query_is_parsed(self):
        updates, _, target = forwarded(self.server.get("/rewritten?v1=hot"))
        self.assertEqual(json.loads(updates)[0]["value"], 7)
        self.assertEqual(target, f"/rewritten?token={TOKEN}&v1=7")

    def test_a_fragment_is_parsed_if_it_is_forwarded(self):
        for rest, status in ("v1=1#", 400), ("v1=1#&v2=nan", 400), ("v3=a#b", 200):
            line = f"GET {UPDATE}?token={TOKEN}&{rest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            response = self.server.raw(line.encode())
            self.assertTrue(response.startswith(f"HTTP/1.1 {status} "), response)
        self.assertIn('"value":"a#b"', response)
        self.assertTrue(response.endswith("v3=a#b"), response)

    def test_a_raw_space_gets_nginxs_own_400(self):
        line = f"GET {UPDATE}?token={TOKEN}&v3=a b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        response = self.server.raw(line.encode())
        self.assertIn("400 Bad Request", response)
        self.assertIn("text/html", response)

    def test_a_reload_updates_the_devices(self):
        query = f"{UPDATE}?token=another&v9=1"
        self.assertEqual(self.server.get(query)[0], 400)
        self.server.devices({"another": {"v9": {"type": "boolean"}}})
        self.assertEqual(self.server.get(query)[0], 400)
        self.server.reload()
        self.assertEqual(forwarded(self.server.get(query))[0], '[{"pin":9,"value":true,"adjusted":null}]')
        self.assertEqual(self.server.get(f"{UPDATE}?token={TOKEN}&v1=1")[2], body(INVALID_TOKEN))
        # An invalid file does not change the devices.
        self.server.devices("{}")
        self.server.process.send_signal(signal.SIGHUP)
        eventually("an error", lambda: "no devices" in self.server.log("error"))
        self.assertEqual(self.server.get(query)[0], 200)

    def test_invalid_devices_fail_the_check_with_pin_and_reason(self):
        self.assertTrue(self.server.check()[0])
        invalid = {TOKEN: {**TEMPLATE, "v1": {"type": "integer", "min": 9, "max": 1}}}
        rows = [(invalid, "device 1: v1: min is above max"), ({}, "no devices"), ("", "EOF"),
                ('{"%s"' % TOKEN, "EOF"), ({TOKEN: TOKEN}, "device 1: "), ({TOKEN: {TOKEN: {}}}, "device 1: ")]
        for devices, reason in rows:
            self.server.devices(devices)
            is_valid, output = self.server.check()
            self.assertFalse(is_valid)
            self.assertIn(reason, output)
            self.assertNotIn(TOKEN, output)
        (self.server.folder / "devices.json").unlink()
        self.assertIn("cannot open", self.server.check()[1])

    def test_an_invalid_directive_fails_the_check(self):
        rows = [("pinquery_devices devices.json;", "", '"pinquery on" requires "pinquery_devices"'),
                ("X-Pinquery-Updates;", '"X Y";', "requires a name of letters"),
                ("X-Pinquery-Updates;", '"";', "empty"),
                ("bad_batch log", "bad_batch maybe", 'invalid value "maybe"'),
                ("pinquery_header", "pinquery_header a; pinquery_header", "is duplicate"),
                ("pinquery_devices", "pinquery_devices devices.json; pinquery_devices", "is duplicate")]
        for old, new, reason in rows:
            (self.server.folder / "nginx.conf").write_text(self.server.config.replace(old, new))
            is_valid, output = self.server.check()
            self.assertFalse(is_valid)
            self.assertIn(reason, output)


if __name__ == "__main__":
    MODULE = sys.argv.pop(1)
    unittest.main()
