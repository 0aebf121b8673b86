"""A good inventory as data, and how a test makes a bad one of it."""

from __future__ import annotations

import copy
from typing import Any

ABSENT = object()
"""Put in a key's place: the key is left out."""

GOOD: dict[str, Any] = {
    "name": "prod",
    "network": "127.8.0.0/16",
    "release": "bookworm",
    "hosts": {
        "haproxy": {"lb1": "127.8.0.11", "lb2": "127.8.0.12"},
        "galera": {"db1": "127.8.0.21", "db2": "127.8.0.22", "db3": "127.8.0.23"},
        "controller": {"ctl1": "127.8.0.31", "ctl2": "127.8.0.32", "ctl3": "127.8.0.33"},
        "network": {"net1": "127.8.0.41"},
    },
    "keepalived": {"vip": "127.8.0.10", "priorities": {"lb1": 111, "lb2": 110}},
    "pacemaker": {
        "vip": "127.8.0.30",
        "fencing": {
            "ctl1": {"address": "127.9.0.31", "user": "fence"},
            "ctl2": {"address": "127.9.0.32", "user": "fence"},
            "ctl3": {"address": "127.9.0.33", "user": "fence"},
        },
    },
    "secrets": {"bmc": "env:BMC_PASSWORD"},
}
"""All on 127.0.0.0/8: if anything were ever reached, it would be this machine."""

Change = tuple[tuple[str, ...], object]
"""Where, and the value that is put there."""


def inventory(*changes: Change) -> dict[str, Any]:
    """`GOOD` with `changes`."""
    data = copy.deepcopy(GOOD)
    for path, value in changes:
        table = data
        for key in path[:-1]:
            table = table.setdefault(key, {})
        if value is ABSENT:
            del table[path[-1]]
        else:
            table[path[-1]] = value
    return data
