"""Tests of other directives: limits, access rules, subrequests and internal redirects."""
from case import INVALID, INVALID_TOKEN, UPDATE, UPDATES, VALID, WRONG_TYPE, ModuleTest, body, updates_headers
from server import TOKEN, eventually


class Phases(ModuleTest):
    """Limits and access rules apply before a batch is parsed."""

    def test_invalid_tokens_are_limited(self):
        self.configure("""
            pinquery on;
            location /limited { limit_req zone=all; proxy_pass http://backend; }""",
                       "limit_req_zone all zone=all:32k rate=1r/m;")
        statuses = [self.server.get(f"/limited?token=guess{number}&v1=1")[0] for number in range(5)]
        self.assertEqual(statuses, [400, 503, 503, 503, 503])
        self.assertEqual(self.server.accessed(5), ["GET /limited 400 unknown_token - -"]
                         + ["GET /limited 503 - - -"] * 4)

    def test_connections_with_invalid_tokens_are_limited(self):
        self.configure("""
            pinquery on;
            location /limited { limit_conn all 1; proxy_pass http://backend; }""", "limit_conn_zone all zone=all:32k;")
        with self.server.connect() as waiting:
            waiting.sendall(f"POST /limited?{VALID} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n".encode())
            eventually("a limit", lambda: self.server.get("/limited?token=guess&v1=1")[0] == 503)
        eventually("no limit", lambda: self.server.get("/limited?token=guess&v1=1")[0] == 400)

    def test_a_denied_client_cannot_test_tokens(self):
        self.configure("""
            pinquery on;
            location /denied { deny all; proxy_pass http://backend; }
            location /secret { auth_basic secret; auth_basic_user_file /dev/null; proxy_pass http://backend; }
            location /checked { auth_request /forbidden; proxy_pass http://backend; }
            location = /forbidden { return 403; }
            location /returned { return 204; }""")
        rows = [("/denied", 403), ("/secret", 401), ("/checked", 403), ("/returned", 204)]
        for path, status in rows:
            responses = [self.server.get(f"{path}?{query}") for query in (VALID, INVALID, "token=guess&v1=1", "")]
            self.assertEqual(responses, [responses[0]] * 4)
            self.assertEqual(responses[0][0], status)
        lines = [f"GET {path} {status} - - -" for path, status in rows for _ in range(4)]
        self.assertEqual(self.server.accessed(len(lines)), lines)
        self.assertEqual(self.module_lines(), [])


class Subrequests(ModuleTest):
    """A subrequest and an internal redirect are parsed by the directives of their own location."""

    def test_auth_request_does_not_change_the_outcome(self):
        self.configure("""
            location /checked { pinquery on; pinquery_bad_batch log; auth_request /check; proxy_pass http://recorder; }
            location = /check { proxy_set_header X-Kind "kind $pinquery_kind"; proxy_pass http://recorder; }""")
        with self.server.recorded() as received:
            for query in VALID, INVALID:
                self.assertEqual(self.server.get(f"/checked?{query}")[0], 200)
        self.assertEqual(updates_headers(received), [("/check", None), (f"/checked?{VALID}", [UPDATES]),
                                                     ("/check", None), (f"/checked?{INVALID}", None)])
        self.assertEqual(received[0][1]["X-Kind"], "kind ")
        self.assertEqual(self.server.accessed(2), [
            "GET /checked 200 accepted - -", "GET /checked 200 invalid_value not_an_integer v1"])
        self.assertEqual(len(self.module_lines()), 1)

    def test_auth_request_may_inherit_the_module(self):
        """nginx sends this subrequest without the query."""
        self.configure("""
            pinquery on;
            location /checked { auth_request /check; proxy_pass http://recorder; }
            location = /check { proxy_pass http://recorder; }
            location /queried { auth_request /query; proxy_pass http://backend; }
            location = /query { rewrite ^ /query?token=%s&v1=3 break; proxy_pass http://recorder; }""" % TOKEN)
        forged = [("X-Pinquery-Updates", "forged")]
        with self.server.recorded() as received:
            self.assertEqual(self.server.get(f"/checked?{VALID}", forged)[0], 200)
            self.assertEqual(self.server.get(f"/checked?{INVALID}", forged)[0], 400)
            # A client's request without a query is parsed.
            self.assertEqual(self.server.get("/check", forged)[0], 400)
            self.assertEqual(self.server.get("/check", forged, method="HEAD")[0], 400)
            # Its own query is parsed.
            self.assertEqual(self.server.get(f"/queried?{VALID}", forged)[0], 200)
        self.assertEqual(updates_headers(received), [("/check", None), (f"/checked?{VALID}", [UPDATES]), ("/check", None),
                                                     (f"/query?{VALID}", [UPDATES])])

    def test_a_query_that_auth_request_sets_is_parsed(self):
        self.configure("""
            location /set { pinquery on; auth_request /check; auth_request_set $args token=%s&v1=100;
                            proxy_pass http://recorder; }
            location = /check { return 204; }""" % TOKEN)
        with self.server.recorded() as received:
            self.assertEqual(self.server.get(f"/set?{INVALID}")[0], 200)
        self.assertEqual(updates_headers(received), [(f"/set?token={TOKEN}&v1=100", [UPDATES.replace("3", "100")])])

    def test_an_error_page_does_not_depend_on_the_token(self):
        self.configure("""
            pinquery on;
            root pages;
            error_page 403 502 503 /page;
            location /denied { deny all; proxy_pass http://backend; }
            location /limited { limit_req zone=all; proxy_pass http://backend; }
            location /gone { proxy_pass http://unix:gone; }
            location = /page { }
            location /recursive { recursive_error_pages on; deny all; proxy_pass http://backend; }""",
                       "limit_req_zone all zone=all:32k rate=1r/m;")
        (self.server.folder / "pages").mkdir()
        (self.server.folder / "pages/page").write_text("an error page")
        self.assertEqual(self.server.get(f"/limited?{VALID}")[0], 200)
        for path, status in ("/denied", 403), ("/limited", 503), ("/recursive", 403):
            for query in VALID, INVALID, "token=guess&v1=1", "":
                self.assertEqual(self.server.get(f"{path}?{query}")[::2], (status, "an error page"))
        self.assertEqual(self.server.get(f"/gone?{VALID}")[::2], (502, "an error page"))
        self.assertEqual(self.server.get("/page")[0], 400)

    def test_repeated_headers_survive_an_internal_redirect(self):
        self.configure("""
            location /first { error_page 502 = @second; fastcgi_pass unix:gone; }
            location @second { fastcgi_pass unix:gone; }""")
        self.assertEqual(self.server.get("/first", [("X-Repeated", "1")] * 100)[0], 502)
        self.assertNotIn("exited on signal", self.server.log("error"))

    def test_try_files_follows_parsing(self):
        self.configure("""
            location /tried { pinquery on; try_files /missing @named; }
            location @named { pinquery on; proxy_pass http://recorder; }
            location /other { pinquery on; try_files /missing /tried?$args; }""")
        with self.server.recorded() as received:
            for path in "/tried", "/other":
                self.assertEqual(self.server.get(f"{path}?{VALID}")[0], 200)
                self.assertEqual(self.server.get(f"{path}?{INVALID}")[0], 400)
        self.assertEqual(updates_headers(received), [(f"/tried?{VALID}", [UPDATES])] * 2)

    def test_a_mirrored_batch_is_parsed_only_if_its_location_enables_it(self):
        self.configure("""
            location /batch { pinquery on; mirror /on; mirror /off; proxy_pass http://recorder; }
            location /unparsed { mirror /on; proxy_pass http://recorder; }
            location = /on { pinquery on; proxy_pass http://recorder; }
            location = /off { proxy_pass http://recorder; }""")
        with self.server.recorded() as received:
            self.assertEqual(self.server.get(f"/batch?{VALID}")[0], 200)
            eventually("mirrored requests", lambda: len(received) == 3)
            self.assertEqual(self.server.get(f"/batch?{INVALID}")[0], 400)
            self.assertEqual(self.server.get("/unparsed")[0], 200)
            eventually("a rejected mirror request", lambda: len(self.module_lines()) == 2)
        self.assertEqual(sorted(updates_headers(received)), [
            (f"/batch?{VALID}", [UPDATES]), (f"/off?{VALID}", None), (f"/on?{VALID}", [UPDATES]), ("/unparsed", None)])
        self.assertIn("GET /batch 200 accepted - -", self.server.accessed(2))

    def test_included_batches_have_their_own_queries(self):
        self.configure("location /page { root pages; ssi on; ssi_types *; }")
        (self.server.folder / "pages").mkdir()
        queries = [VALID, f"token={TOKEN}&v6=1", INVALID, ""]
        include = "".join(f'<!--#include virtual="{UPDATE}?{query}" -->\n' for query in queries)
        (self.server.folder / "pages/page").write_text(include)
        lines = self.server.get(f"/page?{INVALID}")[2].splitlines()
        self.assertEqual(lines, [f"{UPDATES}||{UPDATE}?{VALID}",
                                 f'[{{"pin":6,"value":true,"adjusted":null}}]||{UPDATE}?{queries[1]}',
                                 body(WRONG_TYPE), body(INVALID_TOKEN)])
        self.assertEqual(self.server.accessed(1), ["GET /page 200 - - -"])
        self.assertEqual(len(self.module_lines()), 2)

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
        self.assertEqual(self.server.accessed(2), ["GET /named 200 accepted - -", "GET /redirected 200 - - -"])
