#!/usr/bin/env python3
"""Measures requests per second with the module on and off, in alternating runs, and memory over an hour's load and reloads.

    load.py MODULE [ROUNDS] [SECONDS]

An hour's load is 3.6 million requests: 10,000 devices that each send every 10 s.
"""
import pathlib
import re
import statistics
import subprocess
import sys

from server import TOKEN, Server

SCRIPT = pathlib.Path(__file__).with_name("batches.lua")
HOURLY_REQUESTS = 3_600_000
RELOADS = 30


def wrk(server, path, seconds):
    """Returns the number of requests, in total and per second."""
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", SCRIPT, f"http://127.0.0.1:{server.port}", "--", path, TOKEN]
    report = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    assert "Socket errors" not in report, report
    return int(re.search(r"(\d+) requests in", report)[1]), float(re.search(r"Requests/sec:\s+([\d.]+)", report)[1])


def resident(process):
    """Returns resident memory in KiB."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def main(module, rounds=5, seconds=3):
    with Server(module, access_log=False) as server:
        for on, off in ("/gif/on", "/gif/off"), ("/external/api/batch/update", "/off"):
            pairs = [[wrk(server, path, int(seconds))[1] for path in (on, off)] for _ in range(int(rounds))]
            on_rate, off_rate = (statistics.median(row) for row in zip(*pairs))
            print(f"{on}: {on_rate:.0f} requests/s with the module, {off_rate:.0f} without, "
                  f"in {len(pairs)} alternating runs; ratios {' '.join(f'{a / b:.3f}' for a, b in pairs)}")
        (worker,) = server.workers()
        sent, memory = 0, [resident(worker)]
        while sent < HOURLY_REQUESTS and len(memory) < 19:
            sent += wrk(server, "/gif/on", 10)[0]
            memory.append(resident(worker))
        print(f"{sent} requests: resident memory of the worker is {memory[0]} KiB before, {memory[-1]} KiB after, "
              f"at most {max(memory)} KiB")
        memory = []
        for _ in range(RELOADS):
            server.reload()
            memory.append(resident(server.process.pid))
        print(f"{RELOADS} reloads: resident memory of the master is {memory[0]} KiB after the first, {memory[-1]} KiB after "
              "the last")


if __name__ == "__main__":
    main(*sys.argv[1:])
