"""All that is measured at once, from the first probe to the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cluster.wire.probes import Report, Target, Wanted
from engine.probes.amqp import AmqpStream, greet
from engine.probes.http import HttpStream, get
from engine.probes.prober import Prober
from engine.probes.report import service_report
from engine.probes.sql import SqlStream, query
from engine.probes.stream import Stream
from engine.probes.tcp import TcpStream, reach


@dataclass(frozen=True, slots=True)
class _Service:
    prober: Prober
    stream: Stream


def _sql(target: Target, _: float) -> _Service:
    prober = Prober(query(target.host, target.password, target.port))
    return _Service(prober, SqlStream(target.host, target.port, target.password))


def _amqp(target: Target, _: float) -> _Service:
    return _Service(Prober(greet(target.host, target.port)), AmqpStream(target.host, target.port, target.password))


def _http(target: Target, rate: float) -> _Service:
    prober = Prober(get(target.host, target.port, target.path), rate=rate)
    return _Service(prober, HttpStream(target.host, target.port, target.path, 1 / rate))


def _tcp(target: Target, rate: float) -> _Service:
    return _Service(Prober(reach(target.host, target.port), rate=rate), TcpStream(target.host, target.port))


SHARED = 20.0
"""Probes a second of all services together that are not the database or the queue: there may be many, and an API that
is asked costs its host some ten milliseconds of processor time each time."""
KINDS: dict[str, Callable[[Target, float], _Service]] = {"sql": _sql, "amqp": _amqp, "http": _http, "tcp": _tcp}
"""How a service can be measured."""


class Measuring:
    """Measures while its context is open; `report` is for after that."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._services: dict[str, _Service] = {}
        self._begin = self._end = time.monotonic()

    def __enter__(self) -> Self:
        self._begin = time.monotonic()
        wanted = {name: (target.kind or name, target) for name, target in self._wanted.services.items()}
        rate = SHARED / max(1, sum(kind in ("http", "tcp") for kind, _ in wanted.values()))
        self._services = {name: KINDS[kind](target, rate) for name, (kind, target) in wanted.items()}
        for service in self._services.values():
            service.prober.start()
            service.stream.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end = time.monotonic()
        # All are told before any is waited for: one that hangs must not lengthen what is measured of the others.
        for service in self._services.values():
            service.prober.stop()
            service.stream.stop()
        for service in self._services.values():
            service.prober.wait()
            service.stream.wait()

    def missing(self) -> str:
        """What has not succeeded once yet, and why; empty if all has."""
        found: list[str] = []
        for name, service in self._services.items():
            felt, heard = service.prober.felt, service.stream.heard
            if not felt.succeeded_once:
                found.append(f"{name}: no new connection has succeeded ({_said(felt.kinds)})")
            elif not heard.beats:
                found.append(f"{name}: new connections succeed, but the stream does not open ({_said(heard.kinds)})")
        return "; ".join(found)

    def report(self) -> Report:
        """The figures."""
        return Report(
            {
                name: service_report(self._end - self._begin, service.prober.felt, service.stream.heard)
                for name, service in self._services.items()
            }
        )


def _said(kinds: dict[str, int]) -> str:
    return ", ".join(kinds) or "nothing was answered yet"
