"""Tests that a server receives exactly what the module accepted, byte for byte."""
import json
import urllib.parse

from case import VALID, ModuleTest
from server import TOKEN

FORWARDED = """
    pinquery on;
    location /line { proxy_pass http://recorder; }
    location /arguments { proxy_pass http://recorder/server; }
    location /changed { rewrite ^ /server break; proxy_pass http://recorder; }
    location /named { error_page 418 = @named; return 418; }
    location @named { proxy_pass http://recorder; }
    location /logged { pinquery_bad_batch log; proxy_pass http://recorder; }
"""


# Python's server, which records the requests, treats the other two as spaces.
BYTES = set(range(256)) - {0x85, 0xA0}


def strings(target):
    """Returns the value of each pin in the query of a target as a string, parsed without the library."""
    pairs = [pair.partition(b"=") for pair in target.encode("latin-1").partition(b"?")[2].split(b"&")]
    return {name.lower().decode(): urllib.parse.unquote_to_bytes(value.replace(b"+", b" ")).decode()
            for name, _, value in pairs if name not in (b"", b"token")}


def updates_of(headers):
    """Returns the value of each pin in the header with the updates."""
    (updates,) = headers.get_all("X-Pinquery-Updates")
    return {f"v{update['pin']}": update["value"] for update in json.loads(updates)}


class Forwarding(ModuleTest):
    def setUp(self):
        super().setUp()
        self.server.devices({TOKEN: {f"v{pin}": {"type": "string"} for pin in range(256)}})
        self.configure(FORWARDED)

    def send(self, target):
        """Sends a request. Returns whether the status is 200."""
        line = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        return self.server.raw(line).startswith("HTTP/1.1 200 ")

    def test_every_byte_is_rejected_or_forwarded_unchanged(self):
        start = f"?token={TOKEN}&".encode()
        # A byte in a value, in a name, before a name, or before the query.
        rows = [(start + b"v3=a%cb&v66=c", set(range(0x21, 0x7F)) - set(b"#%&")),
                (start + b"v3%c=a&v66=c", set(b"0123456789=")),
                (start + b"%cv3=a&v66=c", set(b"&")),
                (b"%c" + start + b"v3=a&v66=c", BYTES - set(range(0x21)) - set(b"#%?\x7F"))]
        with self.server.recorded() as received:
            for path in b"/line", b"/arguments", b"/changed", b"/named":
                for query, accepted in rows:
                    before, after = query.split(b"%c")
                    targets = {byte: path + before + bytes([byte]) + after for byte in BYTES}
                    sent = {byte for byte, target in targets.items() if self.send(target)}
                    self.assertEqual(sent, accepted, (path, query))
                    self.assertEqual(len(received), len(sent))
                    for byte, (target, headers) in zip(sorted(sent), received):
                        self.assertEqual(target.partition("?")[2], targets[byte].partition(b"?")[2].decode())
                        self.assertEqual(updates_of(headers), strings(target))
                    received.clear()

    def test_a_query_that_could_be_truncated_is_rejected(self):
        lines = [f"#?{VALID}", f"?{VALID}#", f"?{VALID}&v3=a#b&v66=1", f"?{VALID}#&v2=nan", f"#&{VALID}",
                 f"?token={TOKEN}&v2=12\n.5&v77=1", f"?token={TOKEN}&v2=12\r\n.5&v77=1", f"?token={TOKEN}&v2=12 \n"]
        with self.server.recorded() as received:
            for path in "/line", "/arguments", "/changed", "/named", "/logged":
                for line in lines:
                    self.assertFalse(self.send(f"{path}{line}".encode()), line)
            # HTTP/0.9, and a `#` that a directive adds to the query.
            self.assertIn("400 Bad Request", self.server.raw(f"GET /line?{VALID}\r\n".encode()))
            self.configure("location / { set $args $arg_v3; set $args \"$args#\"; pinquery on; proxy_pass http://recorder; }")
            self.assertFalse(self.send(f"/?v3=token%3D{TOKEN}".encode()))
            # Separators that a directive decodes.
            self.configure("location ~ ^/(?<decoded>[^?]*)$ { rewrite ^ /?token=%s&v3=$decoded? break; pinquery on; "
                           "proxy_pass http://recorder; }" % TOKEN)
            for escape in "%0D%0AX-Pinquery-Updates:%20forged", "%0A", "%20", "%09", "%7F", "%23":
                self.assertFalse(self.send(f"/a{escape}b".encode()), escape)
        self.assertEqual(received, [])
        self.assertEqual(len(self.module_lines()), 5 * len(lines) + 8)
        for line in self.module_lines():
            self.assertRegex(line, r'pinquery: (HTTP/0.9 request|unescaped "#", space or control character), client: ')

    def test_a_url_without_a_path_is_forwarded(self):
        self.configure("pinquery on; location / { proxy_pass http://recorder; }")
        with self.server.recorded() as received:
            self.assertTrue(self.send(f"http://x?{VALID}".encode()))
            self.assertFalse(self.send(f"http://x?{VALID}#".encode()))
        self.assertEqual([target for target, _ in received], [f"/?{VALID}"])

    def test_http_1_0_is_accepted(self):
        with self.server.recorded() as received:
            self.assertIn("200 OK", self.server.raw(f"GET /line?{VALID} HTTP/1.0\r\n\r\n".encode()))
        self.assertEqual([target for target, _ in received], [f"/line?{VALID}"])
