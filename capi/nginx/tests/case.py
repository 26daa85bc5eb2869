"""Requests and responses that the tests share, and a base class that runs nginx for each test."""
import os
import unittest

from server import TOKEN, Server

MODULE = os.environ["PINQUERY_MODULE"]

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

    def configure(self, server_block="", http_block=""):
        self.server.configure(http_block, server_block)
        self.server.reload()

    def module_lines(self):
        return [line for line in self.server.log("error").splitlines() if "pinquery: " in line]
