"""How long clients of keystone wait while one controller's keystone is killed, hangs, or loses its host's power."""

from __future__ import annotations

import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

from bench.main_job import fault
from bench.report import Figure
from bench.status import until_ok
from deploy.secrets import secret
from inventory import CLUSTER
from operations.identity import Login

URL = f"http://{CLUSTER.keepalived.vip}:5000/v3"
FAULTS = (("kill", ("--unit", "keystone"), 3.0), ("freeze", ("--unit", "keystone"), 3.0), ("power", (), 1.0))
"""The fault, its options, and the seconds for which a GET may get no answer."""
TOKEN_BOUND = 4.0
"""Seconds for which no token may be had."""
LASTS = 20
"""Seconds that each fault lasts."""


class Gap:
    """The longest time from one answer to the next, of calls that are made one after another."""

    def __init__(self, call: Callable[[], bool], pause: float) -> None:
        self.longest = 0.0
        self._call, self._pause = call, pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            if self._call():
                self.longest = max(self.longest, time.monotonic() - last - self._pause)
                last = time.monotonic()
            self._stop.wait(self._pause)


def _asked(path: str, body: bytes | None = None) -> bool:
    call = urllib.request.Request(f"{URL}{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return bool(200 <= answer.status < 300)
    except (OSError, HTTPException):
        return False


def keystones(runs: int = 3) -> list[Figure]:
    """On a lab that has OpenStack's packages (`halab up --openstack`), deployed and well. Nothing on any other."""
    if "keystone" not in CLUSTER.services:
        print("No keystone in this lab's inventory: `halab up --openstack`.", file=sys.stderr)
        return []
    body = Login("hatui_watch", secret(CLUSTER, "keystone_watch")).body.encode()
    figures = []
    for name, options, bound in FAULTS:
        gets, tokens = [], []
        for run in range(runs):
            until_ok()
            got = Gap(lambda: _asked(""), 0.1)
            made = Gap(lambda: _asked("/auth/tokens", body), 1.0)
            time.sleep(3)
            with fault(name, ("cc01", "cc02", "cc03")[run % 3], *options):
                time.sleep(LASTS)
            got.end()
            made.end()
            gets.append(got.longest)
            tokens.append(made.longest)
        figures += [
            Figure(f"keystone, {name} of one: longest time without an answer to a GET", tuple(gets), "s", bound),
            Figure(f"keystone, {name} of one: longest time without a token", tuple(tokens), "s", TOKEN_BOUND),
        ]
    return figures
