#!/usr/bin/env python3
"""Prints the queries of a workload, one per line: queries.py WORKLOAD

Pins 0 to 99 are integers, 100 to 199 doubles, 200 to 255 strings.
"""
import random
import string
import sys

COUNT = 512


def value(chance, pin):
    if pin < 100:
        return str(chance.randint(-19999, 19999))
    if pin < 200:
        return f"{chance.uniform(-999, 999):.{chance.randint(0, 4)}f}"
    return chance.choice(["Running", "water+low", "caf%C3%A9+17%3A30", "192.168.1.37", "Occupied%20and%20dark"])


def pins(chance, workload):
    if workload == "integers_2":
        return chance.sample(range(100), 2)
    if workload == "doubles_4":
        return chance.sample(range(100, 200), 4)
    if workload == "texts_3":
        return chance.sample(range(200, 256), 3)
    if workload == "mixed_1_12":
        return chance.sample(range(256), chance.randint(1, 12))
    if workload == "pins_32":
        return chance.sample(range(200), 32)
    raise SystemExit(f"unknown workload {workload}")


def main(workload):
    chance = random.Random(workload)
    for _ in range(COUNT):
        token = "".join(chance.choices(string.ascii_letters + string.digits + "_-", k=32))
        print("&".join([f"token={token}", *(f"v{pin}={value(chance, pin)}" for pin in pins(chance, workload))]))


main(sys.argv[1])
