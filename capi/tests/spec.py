#!/usr/bin/env python3
"""Checks the spec cases against libpinquery with ctypes: spec.py LIBRARY FOLDER

A line is `<template> | <query> => <outcome>`; see tests/support/src/spec.rs and notation.rs of the core.
Values are compared as values, doubles bit by bit. Every query is parsed in one call and in two steps. If it contains one
value that can be decoded, the decoded value is also parsed by itself.
"""
import ctypes
import json
import pathlib
import re
import struct
import sys
import urllib.parse
from ctypes import POINTER, byref, c_char_p, c_double, c_int16, c_int64, c_size_t, c_uint8, c_uint16, c_void_p

CONTRACT = ("v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20,130;0) v5:location v6:boolean")
TYPES = [None, "integer", "double", "string", "enumerable", "boolean", "location"]
ADJUSTED = ["", " (min)", " (max)", " (fallback)"]
STRING, INVALID_VALUE = 3, 8


class Text(ctypes.Structure):
    _fields_ = [("bytes", c_void_p), ("length", c_size_t), ("escaped", c_uint8)]


class Location(ctypes.Structure):
    _fields_ = [("longitude", c_double), ("latitude", c_double)]


class Value(ctypes.Union):
    _fields_ = [("integer", c_int64), ("number", c_double), ("text", Text), ("boolean", c_uint8),
                ("location", Location)]


class Update(ctypes.Structure):
    _fields_ = [("pin", c_uint8), ("type", c_uint8), ("adjusted", c_uint8), ("value", Value)]


class Error(ctypes.Structure):
    _fields_ = [("kind", c_uint8), ("reason", c_uint8), ("pin", c_int16), ("status", c_uint16), ("start", c_size_t),
                ("end", c_size_t), ("body", c_void_p), ("body_length", c_size_t)]


Lookup = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t)


def load(path):
    library = ctypes.CDLL(path)
    library.pinquery_template_from_json.restype = c_void_p
    library.pinquery_template_from_json.argtypes = [c_char_p, c_size_t, c_char_p, c_size_t]
    library.pinquery_template_free.argtypes = [c_void_p]
    library.pinquery_parse.restype = c_uint8
    library.pinquery_parse.argtypes = [c_char_p, c_size_t, Lookup, c_void_p, POINTER(Update), c_size_t,
                                       POINTER(c_size_t), POINTER(Error)]
    library.pinquery_token.restype = c_uint8
    library.pinquery_token.argtypes = [c_char_p, c_size_t, POINTER(Text), POINTER(Error)]
    library.pinquery_updates.restype = c_uint8
    library.pinquery_updates.argtypes = [c_char_p, c_size_t, c_void_p, POINTER(Update), c_size_t, POINTER(c_size_t),
                                         POINTER(Error)]
    library.pinquery_parse_value.restype = c_uint8
    library.pinquery_parse_value.argtypes = [c_void_p, c_uint8, c_char_p, c_size_t, POINTER(Update), POINTER(Error)]
    library.pinquery_updates_json.restype = c_size_t
    library.pinquery_updates_json.argtypes = [POINTER(Update), c_size_t, c_char_p, c_size_t]
    library.pinquery_decode.restype = c_size_t
    library.pinquery_decode.argtypes = [POINTER(Text), c_char_p, c_size_t]
    for name in "pinquery_kind_name", "pinquery_reason_name":
        getattr(library, name).restype = c_char_p
        getattr(library, name).argtypes = [c_uint8]
    return library


def unescape(text):
    """Replaces the escapes of a query: `\\xHH`, `\\\\`, `\\s`, `\\rep(N:text)`, `\\empty`."""
    query, end = bytearray(), 0
    for match in re.finditer(r"\\(?:x([0-9A-Fa-f]{2})|(\\)|(s)|rep\((\d+):([^)]*)\)|(empty))", text):
        query += text[end:match.start()].encode()
        byte, backslash, space, count, repeated, _ = match.groups()
        query += (bytes([int(byte, 16)]) if byte else b"\\" if backslash else b" " if space
                  else unescape(repeated) * int(count) if count else b"")
        end = match.end()
    return bytes(query + text[end:].encode())


def datastream(text):
    name, _, bounds = text.rstrip(")").partition("(")
    fields = {"type": name}
    if name in ("integer", "double"):
        low, _, high = bounds.partition(",")
        fields.update({key: (int if name == "integer" else float)(bound)
                       for key, bound in (("min", low), ("max", high)) if bound})
    elif name == "string" and bounds:
        fields["max_len"] = int(bounds)
    elif name == "enumerable":
        values, _, fallback = bounds.partition(";")
        fields["values"] = [int(value) for value in values.split(",")]
        if fallback:
            fields["fallback"] = int(fallback)
    return fields


def template(text):
    datastreams = {}
    for entry in {"-": "", "@contract": CONTRACT}.get(text, text).split():
        pins, _, bounds = entry.partition(":")
        first, _, last = pins.partition("-")
        for pin in range(int(first[1:]), int((last or first)[1:]) + 1):
            datastreams[f"v{pin}"] = datastream(bounds)
    return datastreams


ESCAPES = {" ": r"\s", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0"}
NUMBERS = {"integer": re.compile(r"-?\d+"), "double": re.compile(r"-?\d+(\.\d+(e-?\d+)?|e-?\d+)")}


def bits(number):
    return struct.pack("<d", number).hex()


def end_of_string(value, text, start):
    """Each character is written verbatim or as an escape."""
    for character in value:
        escape = ESCAPES.get(character, f"\\u{{{ord(character):x}}}")
        spelling = next((spelling for spelling in (character, escape) if text.startswith(spelling, start)), None)
        if spelling is None:
            return None
        start += len(spelling)
    return start


def end_of_value(kind, value, text, start):
    """Returns the end of a value that is expected at `start`; None if the text has another one there."""
    if kind == "string":
        return end_of_string(value, text, start)
    if kind == "location":
        comma = end_of_value("double", value[0], text, start)
        return end_of_value("double", value[1], text, comma + 1) if comma and text[comma:comma + 1] == "," else None
    if kind in ("integer", "enumerable", "double"):
        number = NUMBERS["double" if kind == "double" else "integer"].match(text, start)
        read = number and (bits(float(number[0])) if kind == "double" else int(number[0]))
        return number.end() if number and read == value else None
    spelling = str(value).lower() if kind == "boolean" else value
    return start + len(spelling) if text.startswith(spelling, start) else None


def is_same(got, wanted, datastreams):
    """Compares an outcome of the library with that of the file. Each value must have the type of its datastream."""
    if isinstance(got, str):
        return got == wanted
    text, at = re.sub(r"\\rep\((\d+):([^)]*)\)", lambda match: match[2] * int(match[1]), wanted), 0
    for number, (pin, kind, value, adjusted) in enumerate(got):
        prefix = f"{', ' if number else ''}v{pin}="
        if kind not in ("other", datastreams[f"v{pin}"]["type"]) or not text.startswith(prefix, at):
            return False
        at = end_of_value(kind, value, text, at + len(prefix))
        if at is None or not text.startswith(adjusted, at):
            return False
        at += len(adjusted)
    return at == len(text)


class Api:
    def __init__(self, library):
        self.library, self.updates, self.count, self.error = library, (Update * 256)(), c_size_t(), Error()
        self.values = 0

    def decode(self, text):
        capacity = text.length + 1
        buffer = ctypes.create_string_buffer(capacity)
        length = self.library.pinquery_decode(byref(text), buffer, capacity)
        raw = ctypes.string_at(text.bytes, text.length)
        assert length < capacity and text.escaped <= (b"%" in raw or b"+" in raw)
        assert text.escaped or buffer.raw[:length] == raw
        return buffer.raw[:length]

    def value(self, update):
        kind, value = TYPES[update.type] if update.type < len(TYPES) else "other", update.value
        if kind in ("integer", "enumerable"):
            return kind, value.integer
        if kind == "double":
            return kind, bits(value.number)
        if kind == "string":
            return kind, self.decode(value.text).decode()
        if kind == "boolean":
            return kind, bool(value.boolean)
        if kind == "location":
            return kind, [bits(value.location.longitude), bits(value.location.latitude)]
        return kind, self.json(update)

    def json(self, update):
        """Returns a value of an unknown type as the library writes it."""
        buffer = ctypes.create_string_buffer(4096)
        length = self.library.pinquery_updates_json(byref(update), 1, buffer, 4096)
        assert length < 4096, f"malformed update of type {update.type}"
        return str(json.loads(buffer.value)[0]["value"])

    def outcome(self, kind):
        if kind == 0:
            return [(update.pin, *self.value(update), ADJUSTED[update.adjusted])
                    for update in self.updates[:self.count.value]]
        error = self.error
        assert error.kind == kind and error.status == 400 and self.count.value == 0
        assert (kind == INVALID_VALUE) == (error.reason != 0)
        assert error.body and "error" in json.loads(ctypes.string_at(error.body, error.body_length))
        name = self.library.pinquery_reason_name(error.reason) or self.library.pinquery_kind_name(kind)
        pin = f" of v{error.pin}" if error.pin >= 0 else ""
        return f"{name.decode()}{pin} at {error.start}..{error.end}"

    def in_one_call(self, device, query):
        def lookup(_, token, length):
            return None if ctypes.string_at(token, length) == b"unknown" else device
        return self.outcome(self.library.pinquery_parse(query, len(query), Lookup(lookup), None, self.updates, 256,
                                                        byref(self.count), byref(self.error)))

    def in_two_steps(self, device, query):
        token = Text()
        self.count.value = 0
        kind = self.library.pinquery_token(query, len(query), byref(token), byref(self.error))
        if kind == 0:
            device = None if self.decode(token) == b"unknown" else device
            kind = self.library.pinquery_updates(query, len(query), device, self.updates, 256, byref(self.count),
                                                 byref(self.error))
        return self.outcome(kind)


    def as_value(self, device, pin, text):
        self.count.value = 0
        kind = self.library.pinquery_parse_value(device, pin, text, len(text), self.updates, byref(self.error))
        self.count.value = kind == 0
        assert kind or self.updates[0].type != STRING or not self.updates[0].value.text.escaped
        assert kind == 0 or (self.error.start, self.error.end) == (0, len(text) if kind == INVALID_VALUE else 0)
        return self.outcome(kind)


def one_value(query):
    """Returns the pin and the decoded value of a query that contains one value; None if it cannot be decoded."""
    match = re.fullmatch(rb"token=T&[vV](\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:=([^&]*))?", query)
    value = match and (match[2] or b"").replace(b"+", b"%20")
    if value is None or re.search(rb"%(?![0-9A-Fa-f]{2})", value) or len(value) > 4096:
        return None
    return int(match[1]), urllib.parse.unquote_to_bytes(value)


def cases(folder):
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            line = line.strip()
            if line and not line.startswith("#"):
                pins, rest = line.split(" | ", 1)
                query, outcome = rest.rsplit(" => ", 1)
                yield f"{path.name}:{number}", template(pins.strip()), unescape(query.strip()), outcome.strip()


def differences(api, datastreams, query, wanted):
    """Returns the outcomes that differ, by entry point."""
    text, reason = json.dumps(datastreams).encode(), ctypes.create_string_buffer(256)
    device = api.library.pinquery_template_from_json(text, len(text), reason, 256)
    assert device, reason.value.decode()
    outcomes = {parse.__name__: parse(device, query) for parse in (api.in_one_call, api.in_two_steps)}
    differing = {name: got for name, got in outcomes.items() if not is_same(got, wanted, datastreams)}
    if value := one_value(query):
        api.values += 1
        got, wanted = api.as_value(device, *value), re.sub(r" at \d+\.\.\d+$", "", wanted)
        got = got.rpartition(" at ")[0] if isinstance(got, str) else got
        if not is_same(got, wanted, datastreams):
            differing["as_value"] = got
    api.library.pinquery_template_free(device)
    return differing


def main():
    api, count, failed = Api(load(sys.argv[1])), 0, 0
    for location, datastreams, query, wanted in cases(sys.argv[2]):
        differing = differences(api, datastreams, query, wanted)
        for name, got in differing.items():
            print(f"{location}: {name}\n  wanted {wanted[:300]}\n  got    {str(got)[:300]}")
        failed += bool(differing)
        count += 1
    print(f"{count - failed} of {count} spec cases pass, in one call and in two steps, {api.values} also as a value")
    return failed != 0 or count < 1100 or api.values < 500


if __name__ == "__main__":
    sys.exit(main())
