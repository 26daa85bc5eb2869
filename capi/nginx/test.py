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
VALID, INVALID = f"token={TOKEN}&v1=3", f"token={TOKEN}&v1=hot"
UPDATES = '[{"pin":1,"value":3,"adjusted":null}]'
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


def updates_headers(received):
    """Returns the target of each recorded request, and its headers with updates."""
    return [(target, headers.get_all("X-Pinquery-Updates")) for target, headers in received]


class ModuleTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(MODULE))

    def module_lines(self):
        return [line for line in self.server.log("error").splitlines() if "pinquery: " in line]


class Requests(ModuleTest):
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
            (f"token={TOKEN}&v0=1", NO_DATASTREAM, "unknown_pin - v0"),
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
        for method in "POST", "PUT", "DELETE", "OPTIONS", "HEAD":
            response = self.server.get(f"{UPDATE}?token={TOKEN}", method=method)
            self.assertEqual(response, (400, "application/json", "" if method == "HEAD" else body(WRONG_PIN)))
        get = f"GET {UPDATE}?token={TOKEN} HTTP/1.1\r\nHost: x\r\n"
        post = f"POST {UPDATE}?token={TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nv1=1"
        responses = self.server.raw(f"{get}\r\n{post}{get}Connection: close\r\n\r\n".encode())
        self.assertEqual(responses.count("HTTP/1.1 400"), 3)

    def test_a_request_with_a_body_is_parsed_and_forwarded(self):
        for query, status in (VALID, 200), (INVALID, 400):
            response = self.server.raw(f"POST {UPDATE}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                       "Content-Length: 6\r\n\r\nv1=hot".encode())
            self.assertTrue(response.startswith(f"HTTP/1.1 {status} "), response)
            self.assertTrue(response.endswith(f"{UPDATES}||{UPDATE}?{VALID}" if status == 200 else body(WRONG_TYPE)))

    def test_all_pins_are_forwarded_in_one_header_and_the_variable(self):
        self.server.devices({TOKEN: {f"v{pin}": {"type": "integer"} for pin in range(256)}})
        self.server.configure(server_block="""
            pinquery on;
            location /both { proxy_set_header X-Variable $pinquery_updates; proxy_pass http://recorder; }
            location /replaced { proxy_set_header X-Pinquery-Updates replaced; proxy_pass http://recorder; }""")
        self.server.reload()
        query = f"token={TOKEN}" + "".join(f"&v{pin}={pin}" for pin in range(256))
        with self.server.recorded() as received:
            for path in "/both", "/replaced":
                self.assertEqual(self.server.get(f"{path}?{query}")[0], 200)
        (_, (updates,)), (_, replaced) = updates_headers(received)
        self.assertEqual(json.loads(updates), [{"pin": pin, "value": pin, "adjusted": None} for pin in range(256)])
        self.assertEqual(received[0][1].get_all("X-Variable"), [updates])
        self.assertEqual(replaced, ["replaced"])

    def test_a_client_cannot_forge_the_header(self):
        forged = [("X-Pinquery-Updates", "forged"), ("x-pinquery-UPDATES", "forged"), ("X_Pinquery_Updates", "forged"),
                  ("X-Pinquery_Updates", "forged"), ("X-Other", "kept"), ("X-Pinquery-Updates", "forged")]
        many = [(f"X-Filler-{number}", "x") for number in range(60)]
        for path, updates in (UPDATE, UPDATES), ("/off", ""), ("/log", ""):
            value = 3 if updates else "bad"
            for headers in forged, many + forged, forged + many, forged[:1] + many + forged:
                response = self.server.get(f"{path}?token={TOKEN}&v1={value}", headers)
                self.assertEqual(forwarded(response)[:2], (updates, "kept"))
        response = self.server.get(f"/variable?token={TOKEN}&v1=3", [("X-Other", "forged")])
        self.assertEqual(forwarded(response)[1], UPDATES)

    def test_log_mode_forwards_invalid_batches(self):
        updates, _, target = forwarded(self.server.get(f"/log?token={TOKEN}&v1=hot"))
        self.assertEqual((updates, target), ("", f"/log?token={TOKEN}&v1=hot"))
        self.assertEqual(self.server.accessed(1), ["GET /log 200 invalid_value not_an_integer v1"])
        self.server.get(f"{UPDATE}?{INVALID}")
        message = "pinquery: invalid_value, not_an_integer, pin 1, bytes 42..45, client: 127.0.0.1"
        forwarded_line, rejected_line = self.module_lines()
        self.assertIn("[error]", forwarded_line)
        self.assertIn("[info]", rejected_line)
        for line in forwarded_line, rejected_line:
            self.assertTrue(line.endswith(message), line)

    def test_the_module_never_logs_the_token(self):
        for path in UPDATE, "/log", "/off":
            for query in f"token={TOKEN}&v1=hot", f"token={TOKEN}&v1=1", f"v1=1&token={TOKEN}&token={TOKEN}":
                self.server.get(f"{path}?{query}")
        self.assertEqual(len(self.module_lines()), 4)
        self.assertNotIn(TOKEN, "".join(self.module_lines()))
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

    def test_invalid_batches_are_rejected_before_limits_and_access_rules(self):
        self.server.configure("limit_req_zone all zone=all:32k rate=1r/m;", """
            pinquery on;
            location /denied { deny all; proxy_pass http://backend; }
            location /secret { auth_basic secret; auth_basic_user_file /dev/null; proxy_pass http://backend; }
            location /limited { limit_req zone=all; proxy_pass http://backend; }
            location /returned { return 204; }""")
        self.server.reload()
        rows = [(f"/denied?{INVALID}", 400), (f"/denied?{VALID}", 403), (f"/secret?{INVALID}", 400),
                (f"/secret?{VALID}", 401), (f"/limited?{INVALID}", 400), (f"/limited?{INVALID}", 400),
                (f"/limited?{VALID}", 200), (f"/returned?{INVALID}", 204)]
        for target, status in rows:
            self.assertEqual(self.server.get(target)[0], status, target)
        invalid = "invalid_value not_an_integer v1"
        self.assertEqual(self.server.accessed(len(rows)), [
            f"GET /denied 400 {invalid}", "GET /denied 403 accepted - -", f"GET /secret 400 {invalid}",
            "GET /secret 401 accepted - -", f"GET /limited 400 {invalid}", f"GET /limited 400 {invalid}",
            "GET /limited 200 accepted - -", "GET /returned 204 - - -"])


class Subrequests(ModuleTest):
    """A subrequest and an internal redirect are parsed by the directives of their own location."""

    def configure(self, text):
        self.server.configure(server_block=text)
        self.server.reload()

    def test_auth_request_does_not_change_the_outcome(self):
        self.configure("""
            location /checked { pinquery on; pinquery_bad_batch log; auth_request /check; proxy_pass http://recorder; }
            location = /check { proxy_set_header X-Kind "kind $pinquery_kind"; proxy_pass http://recorder; }
            location /twice { pinquery on; auth_request /parsed; proxy_pass http://recorder; }
            location = /parsed { pinquery on; proxy_pass http://recorder; }""")
        with self.server.recorded() as received:
            for query in VALID, INVALID:
                self.assertEqual(self.server.get(f"/checked?{query}")[0], 200)
            # nginx sends this subrequest without the query.
            self.assertEqual(self.server.get(f"/twice?{VALID}")[0], 500)
        self.assertEqual(updates_headers(received), [("/check", None), (f"/checked?{VALID}", [UPDATES]),
                                                     ("/check", None), (f"/checked?{INVALID}", None)])
        self.assertEqual(received[0][1]["X-Kind"], "kind ")
        self.assertEqual(self.server.accessed(3), [
            "GET /checked 200 accepted - -", "GET /checked 200 invalid_value not_an_integer v1",
            "GET /twice 500 accepted - -"])
        self.assertEqual(len(self.module_lines()), 2)

    def test_a_mirrored_batch_is_parsed_only_if_its_location_enables_it(self):
        self.configure("""
            location /batch { pinquery on; mirror /on; mirror /off; proxy_pass http://recorder; }
            location = /on { pinquery on; proxy_pass http://recorder; }
            location = /off { proxy_pass http://recorder; }""")
        with self.server.recorded() as received:
            self.assertEqual(self.server.get(f"/batch?{VALID}")[0], 200)
            eventually("mirrored requests", lambda: len(received) == 3)
            self.assertEqual(self.server.get(f"/batch?{INVALID}")[0], 400)
        self.assertEqual(sorted(updates_headers(received)), [
            (f"/batch?{VALID}", [UPDATES]), (f"/off?{VALID}", None), (f"/on?{VALID}", [UPDATES])])
        self.assertIn("GET /batch 200 accepted - -", self.server.accessed(2))

    def test_included_batches_have_their_own_queries(self):
        self.configure("location /page { root pages; ssi on; ssi_types *; }")
        (self.server.folder / "pages").mkdir()
        queries = [VALID, f"token={TOKEN}&v6=1", INVALID]
        include = "".join(f'<!--#include virtual="{UPDATE}?{query}" -->\n' for query in queries)
        (self.server.folder / "pages/page").write_text(include)
        lines = self.server.get(f"/page?{INVALID}")[2].splitlines()
        self.assertEqual(lines, [f"{UPDATES}||{UPDATE}?{VALID}",
                                 f'[{{"pin":6,"value":true,"adjusted":null}}]||{UPDATE}?{queries[1]}',
                                 body(WRONG_TYPE)])
        self.assertEqual(self.server.accessed(1), ["GET /page 200 - - -"])
        self.assertEqual(len(self.module_lines()), 1)

    def test_an_internal_redirect_resets_the_variables_and_does_not_repeat_the_header(self):
        self.configure("""
            location /named { pinquery on; error_page 502 = @on; proxy_pass http://unix:closed; }
            location @on { pinquery on; proxy_pass http://recorder; }
            location /redirected { pinquery on; error_page 502 = /target; proxy_pass http://unix:closed; }
            location = /target { proxy_pass http://recorder; }""")
        with self.server.recorded() as received:
            for path in "/named", "/redirected":
                self.assertEqual(self.server.get(f"{path}?{VALID}")[0], 200)
        self.assertEqual(updates_headers(received), [(f"/named?{VALID}", [UPDATES]), ("/target", None)])
        self.assertEqual(self.server.accessed(2), ["GET /named 200 accepted - -", "GET /target 200 - - -"])


# One server inherits the outer directives, the other overrides them.
INHERITANCE = """
    pinquery on;
    pinquery_bad_batch log;
    server {{
        listen 127.0.0.1:{port};
        server_name inherits;
        location / {{ proxy_pass http://backend; }}
        location /refuse {{ pinquery_bad_batch refuse; proxy_pass http://backend; }}
        location /off {{ pinquery off; proxy_pass http://backend; }}
        location /devices {{ pinquery_devices other.json; proxy_pass http://backend; }}
        location /header {{ pinquery_header X-Other; proxy_pass http://backend; }}
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name overrides;
        pinquery off;
        pinquery_bad_batch refuse;
        pinquery_devices other.json;
        pinquery_header X-Other;
        location / {{ proxy_pass http://backend; }}
        location /on {{
            pinquery on;
            proxy_pass http://backend;
            location /on/log {{ pinquery_bad_batch log; proxy_pass http://backend; }}
        }}
    }}
"""


class Configuration(ModuleTest):
    def test_the_innermost_directive_applies(self):
        self.server.devices({"other": {"v1": {"type": "boolean"}}}, "other.json")
        self.server.configure(INHERITANCE.format(port=self.server.port))
        self.server.reload()
        other, boolean = "token=other&v1=1", UPDATES.replace("3", "true")
        rows = [("inherits", "/", VALID, (UPDATES, "")), ("inherits", "/", INVALID, ("", "")),
                ("inherits", "/refuse", INVALID, 400), ("inherits", "/refuse", VALID, (UPDATES, "")),
                ("inherits", "/off", VALID, ("", "")),
                ("inherits", "/devices", other, (boolean, "")), ("inherits", "/", other, ("", "")),
                ("inherits", "/header", VALID, ("", UPDATES)),
                ("overrides", "/", other, ("", "")), ("overrides", "/on", other, ("", boolean)),
                ("overrides", "/on", VALID, 400), ("overrides", "/on/log", VALID, ("", "")),
                ("overrides", "/on/log", other, ("", boolean))]
        for host, path, query, expected in rows:
            with self.subTest(host=host, path=path, query=query):
                response = self.server.get(f"{path}?{query}", host=host)
                self.assertEqual(response[0] if response[0] != 200 else forwarded(response)[:2], expected)

    def test_devices_are_relative_to_the_configuration_file(self):
        (self.server.folder / "devices.json").write_text("{}")
        self.assertTrue(self.server.check()[0])
        (self.server.configuration / "devices.json").unlink()
        self.assertIn(f'cannot open "{self.server.configuration}/devices.json"', self.server.check()[1])

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

    def test_an_invalid_directive_fails_the_check(self):
        devices, header = "pinquery_devices devices.json;", "pinquery_header X-Pinquery-Updates;"
        missing = '"pinquery on" requires "pinquery_devices"'
        rows = [(devices, "", missing), (f"{devices}\n    {header}", "", missing),
                (f"{devices}\n    {header}", "pinquery on;", missing),
                ("X-Pinquery-Updates;", '"X Y";', "requires a name of letters"),
                ("X-Pinquery-Updates;", '"";', "empty"),
                ("bad_batch log", "bad_batch maybe", 'invalid value "maybe"'),
                ("pinquery_header", "pinquery_header a; pinquery_header", "is duplicate"),
                ("pinquery_devices", "pinquery_devices devices.json; pinquery_devices", "is duplicate")]
        for old, new, reason in rows:
            self.assertIn(old, self.server.config)
            (self.server.configuration / "nginx.conf").write_text(self.server.config.replace(old, new))
            is_valid, output = self.server.check()
            self.assertFalse(is_valid)
            self.assertIn(reason, output)


class Memory(unittest.TestCase):
    def test_devices_are_freed_after_a_reload_a_failed_reload_and_an_exit(self):
        server = Server(MODULE)
        # The module is unloaded before valgrind reports, hence `--keep-debuginfo`.
        server.command[:0] = ["valgrind", "--leak-check=full", "--keep-debuginfo=yes",
                              f"--log-file={server.folder}/%p.valgrind"]
        with server:
            server.reload()
            self.assertEqual(server.get(f"{UPDATE}?{VALID}")[0], 200)
            server.configure("pinquery_header a; pinquery_header b;")
            server.process.send_signal(signal.SIGHUP)
            eventually("an error", lambda: "is duplicate" in server.log("error"))
            server.stop()
            reports = [path.read_text() for path in server.folder.glob("*.valgrind")]
        # One report for the master process and one for each worker. They also list leaks of nginx itself.
        self.assertEqual(len(reports), 3)
        for report in reports:
            self.assertIn("LEAK SUMMARY", report)
            self.assertNotRegex(report, r"(by|at) 0x.*(pinquery|read_devices)")


if __name__ == "__main__":
    MODULE = sys.argv.pop(1)
    unittest.main()
