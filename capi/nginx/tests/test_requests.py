"""Tests of responses, and of what a server receives."""
import json

from case import (INVALID, INVALID_TOKEN, NO_DATASTREAM, UPDATE, UPDATES, VALID, WRONG_PIN, WRONG_TYPE, ModuleTest, body,
                  forwarded, updates_headers)
from server import TOKEN


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
        self.configure("""
            pinquery on;
            location /both { proxy_set_header X-Variable $pinquery_updates; proxy_pass http://recorder; }
            location /replaced { proxy_set_header X-Pinquery-Updates replaced; proxy_pass http://recorder; }""")
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

    def test_a_forged_header_is_removed_before_directives_read_it(self):
        self.configure("""
            location /read {
                if ($http_x_pinquery_updates) { return 403; }
                pinquery on;
                proxy_set_header X-Other "$http_x_pinquery_updates";
                proxy_pass http://backend;
            }
            location /renamed {
                pinquery_header X-Renamed;
                if ($http_x_renamed) { return 403; }
                proxy_pass http://backend;
            }""")
        response = self.server.get(f"/read?{VALID}", [("X-Pinquery-Updates", "forged")])
        self.assertEqual(forwarded(response)[:2], (UPDATES, ""))
        self.assertEqual(self.server.get("/renamed", [("X-Renamed", "forged")])[0], 200)

    def test_a_special_character_in_the_headers_name_equals_a_hyphen(self):
        self.configure("location /recorded { proxy_pass http://recorder; }")
        forged = [(f"X{character}Pinquery{character}Updates", "forged") for character in "-_.~!#$%&'*+^`|"]
        with self.server.recorded() as received:
            self.assertEqual(self.server.get("/recorded", [*forged, ("X1Pinquery1Updates", "kept")])[0], 200)
        (_, headers), = received
        self.assertEqual(set(headers), {"Host", "Connection", "X1Pinquery1Updates"})

    def test_log_mode_forwards_invalid_batches(self):
        updates, _, target = forwarded(self.server.get(f"/log?token={TOKEN}&v1=hot"))
        self.assertEqual((updates, target), ("", f"/log?token={TOKEN}&v1=hot"))
        self.assertEqual(self.server.accessed(1), ["GET /log 200 invalid_value not_an_integer v1"])
        self.server.get(f"{UPDATE}?{INVALID}")
        message = "pinquery: invalid_value, not_an_integer, pin 1, bytes 42..45, client: 127.0.0.1, server: "
        for line, level, path in zip(self.module_lines(), ("error", "info"), ("/log", UPDATE), strict=True):
            self.assertIn(f"[{level}]", line)
            self.assertTrue(line.endswith(f'{message}, request: "GET {path}", host: "127.0.0.1"'), line)

    def test_off_forwards_everything(self):
        self.assertEqual(forwarded(self.server.get("/off?v1=hot"))[0], "")
        self.assertEqual(self.server.accessed(1), ["GET /off 200 - - -"])

    def test_a_rewritten_query_is_parsed(self):
        updates, _, target = forwarded(self.server.get("/rewritten?v1=hot"))
        self.assertEqual(json.loads(updates)[0]["value"], 7)
        self.assertEqual(target, f"/rewritten?token={TOKEN}&v1=7")
