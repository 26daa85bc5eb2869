#!/usr/bin/env python3
"""Requests a second with the module on and off, in turns, and memory over an hour's worth of requests.

    load.py MODULE [ROUNDS] [SECONDS]

An hour's worth: 10,000 devices that send every 10 s are 1,000 requests a second, 3.6 million an hour.
"""
import pathlib
import re
import statistics
import subprocess
import sys

from server import TOKEN, Server

SCRIPT = pathlib.Path(__file__).with_name("batches.lua")
HOUR = 3_600_000


def wrk(server, path, seconds):
    """Requests, and how many of them a second."""
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", SCRIPT, f"http://127.0.0.1:{server.port}", "--", path, TOKEN]
    said = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    assert "Socket errors" not in said, said
    return int(re.search(r"(\d+) requests in", said)[1]), float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def resident(server):
    """KiB that the worker holds."""
    (worker,) = server.workers()
    status = pathlib.Path(f"/proc/{worker}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def main(module, rounds=5, seconds=3):
    with Server(module, access_log=False) as server:
        for on, off in ("/gif/on", "/gif/off"), ("/external/api/batch/update", "/off"):
            pairs = [[wrk(server, path, int(seconds))[1] for path in (on, off)] for _ in range(int(rounds))]
            with_it, without = (statistics.median(row) for row in zip(*pairs))
            print(f"{on}: {with_it:.0f} requests/s with the module, {without:.0f} without, in {len(pairs)} turns; "
                  f"ratios {' '.join(f'{a / b:.3f}' for a, b in pairs)}")
        sent, memory = 0, [resident(server)]
        while sent < HOUR and len(memory) < 19:
            sent += wrk(server, "/gif/on", 10)[0]
            memory.append(resident(server))
        print(f"{sent} requests: the worker holds {memory[0]} KiB before, {memory[-1]} KiB after, "
              f"at most {max(memory)} KiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
