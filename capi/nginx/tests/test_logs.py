"""Tests that no log contains a token, whatever goes wrong."""
import contextlib
import os
import socket
import unittest

from case import MODULE, UPDATE, VALID
from server import TOKEN, Server, eventually

BIG = "x" * 200_000


class Logs(unittest.TestCase):
    @contextlib.contextmanager
    def nginx(self, server_block="", http_block="", command=(), **options):
        """Runs nginx with the log level that the README recommends, and checks that no line of its logs contains the token."""
        self.server = Server(MODULE, level="warn", **options)
        self.server.command[:0] = command
        with self.server:
            if server_block or http_block:
                self.server.configure(http_block.replace("PORT", str(self.server.port)), server_block)
                self.server.reload()
            yield
            self.server.stop()
            for name in "error", "access":
                self.assertTrue(self.server.log(name))
                self.assertNotIn(TOKEN, self.server.log(name))

    def send(self, path, body=""):
        """Sends a valid batch with a body and a referrer. Returns the status line."""
        head = (f"POST {path}?{VALID} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nReferer: http://x/?{VALID}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        return self.server.raw((head + body).encode()).partition("\r\n")[0]

    def assert_logged(self, *parts):
        """Asserts that a line of the error log contains all the parts."""
        lines = self.server.log("error").splitlines()
        self.assertTrue(any(all(part in line for part in parts) for line in lines), (parts, lines))

    def test_a_full_disk(self):
        with self.nginx(command=["prlimit", "--fsize=65536"]):
            self.assertIn("500", self.send(UPDATE, BIG))
            self.assert_logged("[crit]", "pwrite()", "failed", f', server: , request: "POST {UPDATE}", host: "x"')

    def test_an_unwritable_folder(self):
        with self.nginx():
            folder = self.server.folder / "body"
            if os.getuid() == 0:
                os.chown(folder, 0, 0)
            folder.chmod(0)
            self.assertIn("500", self.send(UPDATE, BIG))
            self.assert_logged("[crit]", "open()", "Permission denied", f'request: "POST {UPDATE}"')

    def test_an_unreachable_server(self):
        with self.nginx("""
            location /gone { pinquery on; proxy_pass http://unix:gone; }
            location /parent { pinquery on; mirror /gone; proxy_pass http://backend; }"""):
            self.assertIn("502", self.send("/gone"))
            self.assert_logged("[crit]", "connect()", 'request: "POST /gone", upstream: "unix:gone"')
            self.assertIn("200", self.send("/parent"))
            self.assert_logged("[crit]", 'request: "POST /parent", subrequest: "/gone", upstream: "unix:gone"')

    def test_too_many_connections(self):
        with self.nginx("location /waits { pinquery on; proxy_pass http://recorder; }", connections=16), \
                contextlib.ExitStack() as held, socket.socket(socket.AF_UNIX) as silent:
            path = self.server.folder / "recorder.sock"
            silent.bind(str(path))
            path.chmod(0o666)
            silent.listen(16)
            # Each request needs a second connection.
            for _ in range(10):
                connection = held.enter_context(self.server.connect())
                connection.sendall(f"GET /waits?{VALID} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            eventually("an alert about a request", lambda: 'while connecting to upstream' in self.server.log("error"))
            self.assert_logged("[alert]", "worker_connections are not enough", 'request: "GET /waits"')

    def test_a_request_outside_the_location(self):
        with self.nginx("client_max_body_size 1; location /files { root /missing; }"):
            self.assertIn("404", self.send("/files"))
            self.assert_logged("[error]", "open()", 'request: "POST /files"')
            self.assertIn("413", self.send("/files", "xy"))
            self.assert_logged("[error]", "too large body", 'request: "POST /files"')

    def test_a_token_in_a_path(self):
        with self.nginx("location / { proxy_pass http://unix:gone; }"):
            paths = {"/az/AZ-09_.~": "/az/AZ-09_.~", f"/a%3F{TOKEN}": "/a", f"/b;{TOKEN}": "/b", f"/c&token={TOKEN}": "/c",
                     f"/d#?token={TOKEN}": "/d", f"/e:{TOKEN}": "/e"}
            for path, shown in paths.items():
                self.assertIn("502", self.send(path))
                self.assert_logged(f'request: "POST {shown}"')

    def test_an_invalid_head(self):
        with self.nginx("location /gone { proxy_pass http://unix:gone; }"):
            line = f"GET {UPDATE}?{VALID} HTTP/1.1\r\n"
            heads = [line, line.replace("1.1", "9.9") + "Host: x\r\n", line + "Host: a b\r\n",
                     line + "Host: x\r\nHost: y\r\n", line + "Host: x\r\nContent-Length: x\r\n",
                     line + f"Host: x\r\nX: {BIG}\r\n", line.replace("&v1", f"&v3={BIG}&v1"), line.replace("&v1", " &v1")]
            for head in heads:
                self.assertRegex(self.server.raw(f"{head}\r\n".encode()), r"\AHTTP/1.1 (4\d\d|505) ")
            self.send("/gone")

    def test_an_error_page_for_an_invalid_head(self):
        with self.nginx("error_page 400 414 /gone; location /gone { proxy_pass http://unix:gone; }"):
            for head in "GET {} HTTP/1.1\r\n", "GET {} HTTP/1.1\r\nHost: x\r\nHost: y\r\n", "GET {}&v3=%s HTTP/1.1\r\n" % BIG:
                request = head.replace("{}", f"{UPDATE}?{VALID}")
                self.assertIn(" 502 ", self.server.raw(f"{request}\r\n".encode()).partition("\r\n")[0])
            self.assert_logged("[crit]", "connect()", f'request: "GET {UPDATE}"')

    def test_an_escaped_query_of_a_subrequest(self):
        with self.nginx("location /pages { root .; ssi on; ssi_types *; } location /gone { proxy_pass http://unix:gone; }"):
            (self.server.folder / "pages").mkdir()
            include = f'<!--#include virtual="/gone%3F{TOKEN}" -->'
            (self.server.folder / "pages/page").write_text(include)
            self.assertEqual(self.server.get("/pages/page")[0], 200)
            self.assert_logged("[crit]", "connect()", 'request: "GET /pages/page", subrequest: "/gone", upstream')

    def test_only_servers_with_the_module_are_affected(self):
        server = """
            server {
                listen 127.0.0.1:PORT;
                server_name %s;
                location / { %s proxy_pass http://unix:gone; }
            }"""
        with self.nginx(http_block=server % ("other", "pinquery off;")):
            self.assertEqual(self.server.get("/other?a=1", host="other")[0], 502)
            self.assert_logged('request: "GET /other?a=1 HTTP/1.1", upstream: "http://unix:gone:/other?a=1"')
        with self.nginx(http_block="pinquery on;" + server % ("other", "pinquery off;")):
            self.assertEqual(self.server.get("/other?a=1", host="other")[0], 502)
            self.assert_logged('request: "GET /other", upstream: "unix:gone"')
