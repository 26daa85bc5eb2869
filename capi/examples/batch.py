"""A batch update in Python with ctypes: batch.py LIBRARY, such as libpinquery.so.0"""
import ctypes
import json
import sys

pinquery = ctypes.CDLL(sys.argv[1])
pinquery.pinquery_devices_from_json.restype = ctypes.c_void_p
pinquery.pinquery_updates_json.restype = ctypes.c_size_t


class Update(ctypes.Structure):
    _fields_ = [("pin", ctypes.c_uint8), ("type", ctypes.c_uint8), ("adjusted", ctypes.c_uint8),
                ("value", ctypes.c_uint64 * 3)]


class Error(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_uint8), ("reason", ctypes.c_uint8), ("pin", ctypes.c_int16),
                ("status", ctypes.c_uint16), ("start", ctypes.c_size_t), ("end", ctypes.c_size_t),
                ("body", ctypes.c_void_p), ("body_length", ctypes.c_size_t)]


def load(devices):
    text, reason = json.dumps(devices).encode(), ctypes.create_string_buffer(256)
    loaded = pinquery.pinquery_devices_from_json(text, ctypes.c_size_t(len(text)), reason, ctypes.c_size_t(256))
    if loaded is None:
        raise ValueError(reason.value.decode())
    return ctypes.c_void_p(loaded)


def parse(devices, query):
    """Returns the list of updates, or the status and body of the response."""
    updates, count, error = (Update * 256)(), ctypes.c_size_t(), Error()
    kind = pinquery.pinquery_parse(query, ctypes.c_size_t(len(query)), pinquery.pinquery_devices_lookup, devices,
                                   updates, ctypes.c_size_t(256), ctypes.byref(count), ctypes.byref(error))
    if kind != 0:
        return error.status, ctypes.string_at(error.body, error.body_length).decode()
    capacity = pinquery.pinquery_updates_json(updates, count, None, ctypes.c_size_t(0)) + 1
    text = ctypes.create_string_buffer(capacity)
    pinquery.pinquery_updates_json(updates, count, text, ctypes.c_size_t(capacity))
    return json.loads(text.value)


if __name__ == "__main__":
    devices = load({"t": {"v1": {"type": "integer", "min": 0, "max": 100}, "v3": {"type": "string"}}})
    print(json.dumps(parse(devices, b"token=t&v1=133&v3=water+low"), separators=(",", ":")))
    print(*parse(devices, b"token=t&v1=hot"))
    pinquery.pinquery_devices_free(devices)
