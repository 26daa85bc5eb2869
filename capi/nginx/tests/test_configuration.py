"""Tests of directives, devices files and reloads."""
import signal

from case import INVALID, INVALID_TOKEN, UPDATE, UPDATES, VALID, ModuleTest, body, forwarded
from server import TEMPLATE, TOKEN, eventually

# One server inherits the outer directives, the other overrides them.
INHERITANCE = """
    pinquery on;
    pinquery_bad_batch log;
    server {{
        listen 127.0.0.1:{port};
        server_name inherits;
        location / {{ proxy_pass http://backend; }}
        location /reject {{ pinquery_bad_batch reject; proxy_pass http://backend; }}
        location /off {{ pinquery off; proxy_pass http://backend; }}
        location /devices {{ pinquery_devices other.json; proxy_pass http://backend; }}
        location /header {{ pinquery_header X-Other; proxy_pass http://backend; }}
        location /no-header {{ pinquery_header off; proxy_pass http://backend; }}
    }}
    server {{
        listen 127.0.0.1:{port};
        server_name overrides;
        pinquery off;
        pinquery_bad_batch reject;
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
        self.configure(http_block=INHERITANCE.format(port=self.server.port))
        other, boolean = "token=other&v1=1", UPDATES.replace("3", "true")
        rows = [("inherits", "/", VALID, (UPDATES, "")), ("inherits", "/", INVALID, ("", "")),
                ("inherits", "/reject", INVALID, 400), ("inherits", "/reject", VALID, (UPDATES, "")),
                ("inherits", "/off", VALID, ("", "")),
                ("inherits", "/devices", other, (boolean, "")), ("inherits", "/", other, ("", "")),
                ("inherits", "/header", VALID, ("", UPDATES)), ("inherits", "/no-header", VALID, ("", "")),
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
