"""Tests that nothing leaks."""
import signal
import unittest

from case import MODULE, UPDATE, VALID
from server import Server, eventually


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
