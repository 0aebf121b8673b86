"""What was seen last of each host, and how long ago; what is too old is not known any longer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.exclusive import Reading, claim_of, current, outdated, reading
from cluster.layers import FACTS
from cluster.layers import asked as asked_of
from cluster.spec import Cluster
from cluster.state import HOSTS, ClusterState, HostAnswer, Unknown
from cluster.wire.observed import Ages
from engine.look import WITHIN

SILENT = 3.0
"""Seconds without a word after which nothing is known of a host. One that is there says so once a second."""
TOGETHER = 0.2
"""Seconds for which what one host says of a layer waits for what the others say of it at the same time. A VIP that
moves is on neither of two hosts, if the one is seen now and the other was ten seconds ago."""
_FIELDS = (HOSTS, *FACTS)
_AWAITED = "has not answered yet"


@dataclass(slots=True)
class _Host:
    heard: float | None = None
    reason: str = _AWAITED
    alike: str = ""
    """As of Unknown."""
    awaited: bool = True
    """It has said nothing so far, and nothing is known that would keep it from it."""
    took: dict[str, float] = field(default_factory=dict)
    records: dict[str, Reading] = field(default_factory=dict)
    settled: dict[str, Reading] = field(default_factory=dict)
    """The same, but for layers that are held."""


class Memory:
    """Times are seconds of one steady clock. `periods`: how often each layer is asked.

    `older` says how much older than by that clock what was seen at a moment is (engine.own.OwnTime).
    """

    def __init__(
        self, cluster: Cluster, periods: Mapping[str, float], older: Callable[[float], float] = lambda _: 0.0
    ) -> None:
        self._cluster = cluster
        self._layers = {name: asked_of(cluster, name) for name in cluster.hosts}
        self._hosts = {name: _Host() for name in cluster.hosts}
        self._held: dict[str, float] = {}
        self._older = older
        self._anew = float("-inf")
        self._limits = {layer: 3 * period + WITHIN for layer, period in periods.items()}

    def heard(self, name: str, now: float) -> bool:
        """The host said something. True if it was silent for too long before: what was known of it is forgotten."""
        host = self._hosts[name]
        back = host.heard is None or now - host.heard > SILENT
        if back:
            host.records.clear()
            host.settled.clear()
        host.heard, host.reason, host.alike, host.awaited = now, "", "", False
        return back

    def saw(self, name: str, layer: str, record: Any, now: float, asked: float, took: float) -> None:
        """The host's answer for a layer, or Unknown with the reason why there is none.

        It tells of no moment before `asked`; `took` is how long it was awaited.
        """
        host = self._hosts[name]
        if asked < self._anew:
            return
        claim = claim_of(self._cluster, layer, name, record)
        host.records[layer] = reading(host.records.get(layer), record, asked, now, claim)
        host.took[layer] = took
        if layer not in self._held:
            host.settled[layer] = host.records[layer]

    def hold(self, layer: str, now: float) -> None:
        """The hosts of this layer are asked together: the settled view keeps what it has, for TOGETHER at most."""
        self._held.setdefault(layer, now + TOGETHER)

    def settle(self, now: float, awaited: Callable[[str], bool]) -> float:
        """Let the settled view have the layers of which nothing is awaited any longer; when to do that again."""
        for layer in [layer for layer, until in self._held.items() if until <= now or not awaited(layer)]:
            del self._held[layer]
            for host in self._hosts.values():
                if layer in host.records:
                    host.settled[layer] = host.records[layer]
        return min(self._held.values(), default=float("inf"))

    def begin_anew(self, now: float, reason: str) -> None:
        """Forget all: nobody listened for a while. Every host is awaited; until it answers what is asked from now on,
        `reason` is what is said of it."""
        self._anew = now
        for host in self._hosts.values():
            host.heard, host.reason, host.alike, host.awaited = None, reason, "", True
            host.records.clear()
            host.settled.clear()

    def lost(self, name: str, reason: str, alike: str = "") -> None:
        """The connection ended, or did not come about. What was seen stays known until it is too old."""
        host = self._hosts[name]
        host.reason, host.alike, host.awaited = reason, alike, False

    def complete(self, now: float) -> bool:
        """Whether every host has said all that it is asked, and again what was in doubt, or can't be reached."""
        return not any(self.outdated(layer, now) for layer in _FIELDS) and all(
            (host.heard is not None and len(host.records) == len(self._layers[name]))
            or (host.heard is None and not host.awaited)
            for name, host in self._hosts.items()
        )

    def fresh(self, asked: float, now: float) -> bool:
        """Whether all that is known was asked for at `asked` or later, of every host that can be reached."""
        return not any(self.outdated(layer, now) for layer in _FIELDS) and all(
            not host.awaited if host.heard is None else self._away(host, now) or self._settled(host, name, asked)
            for name, host in self._hosts.items()
        )

    def _settled(self, host: _Host, name: str, asked: float) -> bool:
        told = host.settled
        return all(layer in told and told[layer].asked >= asked for layer in self._layers[name])

    def outdated(self, layer: str, now: float) -> Collection[str]:
        """The hosts of which the last reading of the layer may be from before what another host tells."""
        return outdated(self._readings(layer, now, settled=False))

    def awaited(self, now: float) -> set[tuple[str, str]]:
        """Layer and host of each reading that does not count, in either view, until the host has answered again."""
        return {
            (layer, name)
            for layer in _FIELDS
            for settled in ((True, False) if self._held else (True,))
            for name in outdated(self._readings(layer, now, settled=settled))
        }

    @property
    def holds(self) -> bool:
        """Whether the settled view lacks something."""
        return bool(self._held)

    def state(self, now: float, *, settled: bool = True) -> ClusterState:
        """What is known now; not `settled`: whatever came last, of each host for itself."""
        fields: dict[str, dict[str, Any]] = {field: {} for field in _FIELDS}
        known = {layer: current(self._readings(layer, now, settled=settled)) for layer in _FIELDS}
        for name, host in self._hosts.items():
            away = self._away(host, now)
            fields[HOSTS][name] = away or HostAnswer(round(max(host.took.values(), default=0.0), 3))
            for layer in self._layers[name]:
                if name in known[layer]:
                    fields[layer][name] = known[layer][name]
                else:
                    fields[layer][name] = away or self._lacking(host.settled if settled else host.records, layer, now)
        return ClusterState(fields)

    def ages(self, now: float) -> Ages:
        """How old what is known is."""
        ages: dict[str, dict[str, float | None]] = {field: {} for field in _FIELDS}
        for name, host in self._hosts.items():
            ages[HOSTS][name] = None if host.heard is None else self._age(host.heard, now)
            for layer in self._layers[name]:
                seen = host.settled.get(layer)
                ages[layer][name] = self._age(seen.answered, now) if seen else None
        return ages

    def _age(self, moment: float, now: float) -> float:
        return round(now - moment + self._older(moment), 2)

    def _readings(self, layer: str, now: float, *, settled: bool) -> dict[str, Reading]:
        """What counts of this layer: of hosts that are there, and not too old."""
        found = {}
        for name, host in self._hosts.items():
            seen = (host.settled if settled else host.records).get(layer)
            if seen and not self._away(host, now) and now - seen.answered <= self._limits[layer]:
                found[name] = seen
        return found

    def _away(self, host: _Host, now: float) -> Unknown | None:
        if host.heard is None:
            return Unknown(host.reason or _AWAITED, alike=host.alike)
        if (age := now - host.heard) <= SILENT:
            return None
        if host.reason:
            return Unknown(f"{host.reason} (last heard of {age:.0f} s ago)", alike=host.alike or host.reason)
        return Unknown(f"has said nothing for {age:.0f} s", alike="has said nothing")

    def _lacking(self, records: Mapping[str, Reading], layer: str, now: float) -> Unknown:
        """Why a host that is there has no reading that counts."""
        if layer not in records:
            return Unknown("was not asked yet")
        ago = now - records[layer].answered
        return Unknown(f"was last seen {ago:.0f} s ago, which is too long", alike="was last seen too long ago")
