"""What was seen last of each host, and how long ago; what is too old is not known any longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.spec import Cluster
from cluster.state import ClusterState, HostAnswer, Unknown
from engine.layers import LAYERS
from engine.look import WITHIN

SILENT = 3.0
"""Seconds without a word after which nothing is known of a host. One that is there says so once a second."""
_FIELDS = tuple(ClusterState.__dataclass_fields__)

Ages = Mapping[str, Mapping[str, float | None]]
"""Layer (a field of ClusterState; for `hosts` the host itself) to host to seconds since it was seen; None: never."""


@dataclass(slots=True)
class _Host:
    heard: float | None = None
    reason: str = "was not asked yet"
    took: dict[str, float] = field(default_factory=dict)
    records: dict[str, tuple[float, Any]] = field(default_factory=dict)


class Memory:
    """Times are seconds of one steady clock. `periods`: how often each layer is asked."""

    def __init__(self, cluster: Cluster, periods: Mapping[str, float]) -> None:
        self._layers = {name: LAYERS[host.role] for name, host in cluster.hosts.items()}
        self._hosts = {name: _Host() for name in cluster.hosts}
        self._limits = {layer: 3 * period + WITHIN for layer, period in periods.items()}

    def heard(self, name: str, now: float) -> None:
        """The host said something."""
        self._hosts[name].heard = now

    def saw(self, name: str, layer: str, record: Any, now: float, took: float) -> None:
        """The host's answer for a layer, or Unknown with the reason why there is none."""
        host = self._hosts[name]
        host.records[layer] = (now, record)
        host.took[layer] = took

    def lost(self, name: str, reason: str) -> None:
        """The connection ended, or did not come about. What was seen stays known until it is too old."""
        self._hosts[name].reason = reason

    def met(self, name: str) -> None:
        """A connection is there."""
        self._hosts[name].reason = ""

    def complete(self) -> bool:
        """Whether every host has said all that it is asked, or can't be reached."""
        return all(
            (host.heard is not None and len(host.records) == len(self._layers[name]))
            or (host.heard is None and host.reason != "was not asked yet")
            for name, host in self._hosts.items()
        )

    def state(self, now: float) -> ClusterState:
        """What is known now."""
        fields: dict[str, dict[str, Any]] = {field: {} for field in _FIELDS}
        for name, host in self._hosts.items():
            away = self._away(host, now)
            fields["hosts"][name] = away or HostAnswer(round(max(host.took.values(), default=0.0), 3))
            for layer in self._layers[name]:
                fields[layer][name] = away or self._record(host, layer, now)
        return ClusterState(**fields)

    def ages(self, now: float) -> Ages:
        """How old what is known is."""
        ages: dict[str, dict[str, float | None]] = {field: {} for field in _FIELDS}
        for name, host in self._hosts.items():
            ages["hosts"][name] = None if host.heard is None else round(now - host.heard, 2)
            for layer in self._layers[name]:
                seen = host.records.get(layer)
                ages[layer][name] = None if seen is None else round(now - seen[0], 2)
        return ages

    def _away(self, host: _Host, now: float) -> Unknown | None:
        if host.heard is None:
            return Unknown(host.reason or "has not answered yet")
        if (age := now - host.heard) <= SILENT:
            return None
        if host.reason:
            return Unknown(f"{host.reason} (last heard of {age:.0f} s ago)")
        return Unknown(f"has said nothing for {age:.0f} s")

    def _record(self, host: _Host, layer: str, now: float) -> Any:
        if layer not in host.records:
            return Unknown("was not asked yet")
        seen, record = host.records[layer]
        if (age := now - seen) > self._limits[layer]:
            return Unknown(f"was last seen {age:.0f} s ago, which is too long")
        return record
