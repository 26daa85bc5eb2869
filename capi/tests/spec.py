#!/usr/bin/env python3
"""Runs the spec lines through libpinquery, by ctypes: spec.py LIBRARY FOLDER

A line is `<template> | <query> => <outcome>`; tests/support/src/spec.rs and notation.rs of the core say how they are
written. Values are compared as values, doubles bit by bit. Every query is judged in one call and in two steps.
"""
import ctypes
import json
import pathlib
import re
import struct
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_int16, c_int64, c_size_t, c_uint8, c_uint16, c_void_p

CONTRACT = ("v1:integer(0,100) v2:double v3:string(64) v4:enumerable(0,20,130;0) v5:location v6:boolean")
TYPES = [None, "integer", "double", "string", "enumerable", "boolean", "location"]
ADJUSTED = ["", "!min", "!max", "!fallback"]


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
    library.pinquery_updates_json.restype = c_size_t
    library.pinquery_updates_json.argtypes = [POINTER(Update), c_size_t, c_char_p, c_size_t]
    library.pinquery_decode.restype = c_size_t
    library.pinquery_decode.argtypes = [POINTER(Text), c_char_p, c_size_t]
    for name in "pinquery_kind_name", "pinquery_reason_name":
        getattr(library, name).restype = c_char_p
        getattr(library, name).argtypes = [c_uint8]
    return library


def unescape(text):
    """What stands in a query: `\\xHH`, `\\\\`, `\\s`, `\\rep(N:text)`, `\\empty`."""
    out, at = bytearray(), 0
    for match in re.finditer(r"\\(?:x([0-9A-Fa-f]{2})|(\\)|(s)|rep\((\d+):([^)]*)\)|(empty))", text):
        out += text[at:match.start()].encode()
        byte, backslash, space, count, repeated, _ = match.groups()
        out += (bytes([int(byte, 16)]) if byte else b"\\" if backslash else b" " if space
                else unescape(repeated) * int(count) if count else b"")
        at = match.end()
    return bytes(out + text[at:].encode())


def datastream(text):
    name, _, bounds = text.rstrip(")").partition("(")
    stream = {"type": name}
    if name in ("integer", "double"):
        low, _, high = bounds.partition(",")
        stream.update({key: (int if name == "integer" else float)(bound)
                       for key, bound in (("min", low), ("max", high)) if bound})
    elif name == "string" and bounds:
        stream["max_len"] = int(bounds)
    elif name == "enumerable":
        values, _, fallback = bounds.partition(";")
        stream["values"] = [int(value) for value in values.split(",")]
        if fallback:
            stream["fallback"] = int(fallback)
    return stream


def template(text):
    streams = {}
    for entry in {"-": "", "@contract": CONTRACT}.get(text, text).split():
        pins, _, stream = entry.partition(":")
        first, _, last = pins.partition("-")
        for pin in range(int(first[1:]), int((last or first)[1:]) + 1):
            streams[f"v{pin}"] = datastream(stream)
    return json.dumps(streams).encode()


ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", '"': '"', "'": "'", "\\": "\\"}


def plain(text):
    """A string as Rust's `Debug` writes it."""
    return re.sub(r"\\(?:u\{([0-9a-f]+)\}|(.))",
                  lambda m: chr(int(m[1], 16)) if m[1] else ESCAPES[m[2]], text)


def bits(number):
    return struct.pack("<d", number).hex()


ACCEPTED = re.compile(r'v(\d+)=("(?:[^"\\]|\\.)*"|\([^)]*\)|[^,!]*)(![a-z]+)?(?:, |$)', re.S)


def expected(outcome):
    """An outcome of the file: pins, values as text and what was done to them. Repetitions are the notation's own."""
    outcome = re.sub(r"\\rep\((\d+):([^)]*)\)", lambda m: m[2] * int(m[1]), outcome)
    if not outcome.startswith("ok "):
        return outcome
    updates, at = [], 3
    while at < len(outcome):
        match = ACCEPTED.match(outcome, at)
        pin, value, adjusted = match.groups()
        updates.append((int(pin), value, adjusted or ""))
        at = match.end()
    return updates


def read(kind, text):
    """A value of the file as plain data of that type; None where it is none."""
    if kind == "integer":
        return int(text) if re.fullmatch(r"-?\d+", text) else None
    if kind == "enumerable":
        return read("integer", text[1:]) if text[:1] == "#" else None
    if kind == "double":
        return bits(float(text)) if re.fullmatch(r"-?\d[\d.]*(\.|e-?)\d+", text) else None
    if kind == "string":
        return plain(text[1:-1]) if text[:1] == '"' else None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    if kind == "location":
        return [bits(float(half)) for half in text[1:-1].split(",")] if text[:1] == "(" else None
    return text


def is_same(got, wanted):
    """Updates of the library and of the file."""
    if isinstance(got, str) or isinstance(wanted, str):
        return got == wanted
    return len(got) == len(wanted) and all(
        (pin, adjusted) == (other_pin, other_adjusted) and read(kind, text) == value
        for (pin, (kind, value), adjusted), (other_pin, text, other_adjusted) in zip(got, wanted))


class Face:
    def __init__(self, library):
        self.library, self.updates, self.count, self.error = library, (Update * 256)(), c_size_t(), Error()

    def decode(self, text):
        room = text.length + 1
        buffer = ctypes.create_string_buffer(room)
        length = self.library.pinquery_decode(byref(text), buffer, room)
        assert length < room and (text.escaped or length == text.length)
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
        """A value of a type that is not known here, as the library writes it."""
        buffer = ctypes.create_string_buffer(4096)
        length = self.library.pinquery_updates_json(byref(update), 1, buffer, 4096)
        assert length < 4096, f"no update: type {update.type}"
        return str(json.loads(buffer.value)[0]["value"])

    def outcome(self, kind):
        if kind == 0:
            return [(update.pin, self.value(update), ADJUSTED[update.adjusted])
                    for update in self.updates[:self.count.value]]
        error = self.error
        assert error.kind == kind and error.status == 400 and self.count.value == 0
        text = f"{self.library.pinquery_kind_name(kind).decode()} {error.start}..{error.end}"
        if error.pin >= 0:
            text += f" v{error.pin}"
        if error.reason:
            text += f" {self.library.pinquery_reason_name(error.reason).decode()}"
        return text

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


def lines(folder):
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            line = line.strip()
            if line and not line.startswith("#"):
                device, rest = line.split(" | ", 1)
                query, outcome = rest.rsplit(" => ", 1)
                yield f"{path.name}:{number}", device.strip(), unescape(query.strip()), expected(outcome.strip())


def main():
    library = load(sys.argv[1])
    face, count, differing = Face(library), 0, 0
    for place, device, query, wanted in lines(sys.argv[2]):
        text = template(device)
        reason = ctypes.create_string_buffer(256)
        held = library.pinquery_template_from_json(text, len(text), reason, 256)
        assert held, f"{place}: {reason.value.decode()}"
        ways = {way.__name__: way(held, query) for way in (face.in_one_call, face.in_two_steps)}
        wrong = {name: got for name, got in ways.items() if not is_same(got, wanted)}
        for name, got in wrong.items():
            print(f"{place}: {name}\n  wanted {str(wanted)[:300]}\n  got    {str(got)[:300]}")
        library.pinquery_template_free(held)
        differing += bool(wrong)
        count += 1
    print(f"{count - differing} of {count} spec lines agree, in one call and in two steps")
    return differing != 0 or count < 1100


if __name__ == "__main__":
    sys.exit(main())
