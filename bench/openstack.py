"""How long clients of OpenStack wait while one controller's service is killed, hangs, or loses its host's power."""

from __future__ import annotations

import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.client import HTTPException
from urllib.error import HTTPError

from bench.main_job import fault
from bench.report import Figure
from bench.status import until_ok
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.table import BY_NAME
from cluster.spec import Role
from deploy.secrets import secret
from inventory import CLUSTER
from operations.identity import Login

FAULTS = ("kill", "freeze")
BOUND, POWER_BOUND, TOKEN_BOUND = 3.0, 1.0, 4.0
"""Seconds without an answer to a GET while a service falls out, or its host; and without a token."""
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


def _answers(url: str, body: bytes | None = None) -> bool:
    call = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return bool(200 <= answer.status < 400)
    except HTTPError as error:
        return 300 <= error.code < 400
    except (OSError, HTTPException):
        return False


@contextmanager
def _measured(names: list[str]) -> Iterator[dict[str, Gap]]:
    """The longest times without an answer to a GET of each service, ten times a second, and without a token, one."""
    body = Login("hatui_watch", secret(CLUSTER, "keystone_watch")).body.encode()
    gaps: dict[str, Gap] = {}
    for name in names:
        service = BY_NAME[name]
        url = f"http://{service.vip(CLUSTER)}:{service.own_port(CLUSTER)}{service.health}"
        gaps[name] = Gap(partial(_answers, url), 0.1)
    if KEYSTONE.name in names:
        gaps["token"] = Gap(lambda: _answers(f"{KEYSTONE.url(CLUSTER)}/auth/tokens", body), 1.0)
    try:
        yield gaps
    finally:
        for gap in gaps.values():
            gap.end()


def _during(names: list[str], broken: AbstractContextManager[None]) -> dict[str, float]:
    until_ok()
    with _measured(names) as gaps:
        time.sleep(3)
        with broken:
            time.sleep(LASTS)
    return {name: gap.longest for name, gap in gaps.items()}


def openstack(runs: int = 2) -> list[Figure]:
    """On a lab that has OpenStack's packages (`halab up --openstack`), deployed and well. Nothing on any other."""
    names = [name for name, service in BY_NAME.items() if service.wanted(CLUSTER)]
    if not names:
        print("No OpenStack in this lab's inventory: `halab up --openstack`.", file=sys.stderr)
        return []
    hosts = CLUSTER.names(Role.CONTROLLER)
    figures = []
    for name in names:
        unit = BY_NAME[name].unit.removesuffix(".service")
        for kind in FAULTS:
            each = [_during([name], fault(kind, hosts[run % 3], "--unit", unit)) for run in range(runs)]
            figures += _figures(f"{kind} of one", each, BOUND)
    each = [_during(names, fault("power", hosts[run % 3])) for run in range(runs)]
    return figures + _figures("power of a controller", each, POWER_BOUND)


def _figures(what: str, each: list[dict[str, float]], bound: float) -> list[Figure]:
    found = []
    for name in each[0]:
        seconds = tuple(gaps[name] for gaps in each)
        if name == "token":
            found.append(Figure(f"{what}: longest time without a token", seconds, "s", TOKEN_BOUND))
        else:
            found.append(Figure(f"{name}, {what}: longest time without an answer to a GET", seconds, "s", bound))
    return found
