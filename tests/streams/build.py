"""Streams as the observer tells them (docs/observer.md), without a host: lines of JSON, always the same.

Each tells of the reference topology: three seconds of health, then what its name says, a snapshot a second and after
events. The records are made by hand; verdicts, events and lines come from the program's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.keepalived.record import VRRP_OWNER
from cluster.layers import FACTS, asked
from cluster.spec import Cluster
from cluster.state import HOSTS, ClusterState, Unknown
from cluster.vip import VipNode
from cluster.wire.lines import line
from cluster.wire.observed import Ages
from engine.observe.diff import events
from engine.seen import Seen
from tests.streams.topology import reference, unit, well

START = 1795572840.0
"""When each stream begins, seconds since the epoch: 2026-11-25 02:14:00 UTC."""
BREAKS = 3.2
"""Seconds after START when what is told of breaks."""

SPEC = reference()
VIP = SPEC.keepalived.vip
State = Callable[[float], ClusterState]
"""What is so, so many seconds after START."""


def healthy(seconds: int = 10) -> Iterator[bytes]:
    """All is well."""
    return stream(SPEC, lambda since: well(SPEC, since), _moments(seconds))


def degraded(seconds: int = 10) -> Iterator[bytes]:
    """The server of mysql3 was killed: two nodes are left, and both balancers find it DOWN 1.2 s later."""

    def state(since: float) -> ClusterState:
        whole = well(SPEC, since)
        if since < BREAKS:
            return whole
        two = {name: replace(node, size=2, conf_id=4) for name, node in _known(whole[WSREP_STATUS]).items()}
        now = whole.having({WSREP_STATUS: {**two, "mysql3": _killed(two["mysql3"])}})
        return now if since < BREAKS + 1.2 else _down(now, ("mysql3",), since - BREAKS - 1.2)

    return stream(SPEC, state, _moments(seconds, BREAKS, BREAKS + 1.2))


def failed(seconds: int = 10) -> Iterator[bytes]:
    """The whole database is without Primary component: mysql2 and mysql3 crashed, mysql1 is left alone."""

    def state(since: float) -> ClusterState:
        whole = well(SPEC, since)
        if since < BREAKS:
            return whole
        nodes = _known(whole[WSREP_STATUS])
        alone = replace(
            nodes["mysql1"], ready=False, cluster_status="non-Primary", state="Initialized", size=1, conf_id=5
        )
        dead = {name: _killed(nodes[name]) for name in ("mysql2", "mysql3")}
        now = whole.having({WSREP_STATUS: {"mysql1": alone, **dead}})
        return now if since < BREAKS + 1.2 else _down(now, tuple(nodes), since - BREAKS - 1.2)

    return stream(SPEC, state, _moments(seconds, BREAKS, BREAKS + 1.2))


def unknown(seconds: int = 10) -> Iterator[bytes]:
    """net02 was never reached, and mysql2 says nothing more, from three seconds before BREAKS on: its ages grow."""
    never = Unknown("can't be reached: No route to host")

    def state(since: float) -> ClusterState:
        whole = well(SPEC, since)
        hosts: dict[str, Any] = {**whole.hosts, "net02": never}
        if since < BREAKS:
            return whole.having({HOSTS: hosts})
        silent = Unknown(f"has said nothing for {since - BREAKS + 3:.0f} s")
        return whole.having(
            {HOSTS: {**hosts, "mysql2": silent}, WSREP_STATUS: {**whole[WSREP_STATUS], "mysql2": silent}}
        )

    return stream(SPEC, state, _moments(seconds, BREAKS), {"net02": None, "mysql2": BREAKS - 3})


def split(seconds: int = 10) -> Iterator[bytes]:
    """The balancers do not hear each other, and both own the VIP."""

    def state(since: float) -> ClusterState:
        whole = well(SPEC, since)
        if since < BREAKS:
            return whole
        return whole.having(
            {VRRP_OWNER: {**whole[VRRP_OWNER], "haproxy2": VipNode({VIP: "host0"}, unit("keepalived"))}}
        )

    return stream(SPEC, state, _moments(seconds, BREAKS))


STORIES: Mapping[str, Callable[[int], Iterator[bytes]]] = {
    "healthy": healthy,
    "degraded": degraded,
    "failed": failed,
    "unknown": unknown,
    "split": split,
}
"""By name; each takes how many seconds it lasts, at least 5 for all that it has to tell."""


def stream(
    spec: Cluster, state: State, moments: Iterator[float], heard: Mapping[str, float | None] | None = None
) -> Iterator[bytes]:
    """Lines as the observer tells them: at each moment (seconds after START) what changed, and a snapshot.

    `heard`: hosts that say nothing more, and when they last did; None: never.
    """
    before = None
    for since in moments:
        seen = Seen.of(spec, state(since))
        if before:
            yield from map(line, events(before, seen, START + since))
        yield line(seen.snapshot(spec, START + since, ages=ages(spec, since, heard or {})))
        before = seen


def ages(spec: Cluster, since: float, heard: Mapping[str, float | None]) -> Ages:
    """How old each record is: a layer is asked at its period, each host at another moment of it."""
    found: dict[str, dict[str, float | None]] = {"hosts": {}, **{name: {} for name in FACTS}}
    for n, name in enumerate(spec.hosts):
        last = heard.get(name, since)
        found["hosts"][name] = None if last is None else round(since - last + (last + n * 0.13) % 1, 2)
        for layer in asked(spec, name):
            found[layer][name] = (
                None if last is None else round(since - last + (last + n * 1.7) % FACTS[layer].period, 2)
            )
    return found


def _moments(seconds: int, *breaks: float) -> Iterator[float]:
    """Each second, and when something breaks."""
    return iter(sorted({float(second) for second in range(seconds + 1)} | set(breaks)))


def _known(nodes: Mapping[str, GaleraNode | Unknown]) -> dict[str, GaleraNode]:
    return {name: node for name, node in nodes.items() if isinstance(node, GaleraNode)}


def _killed(node: GaleraNode) -> GaleraNode:
    """Its server died: what is known of it is its state file."""
    return replace(
        node, running=False, answers=False, ready=False, connected=False, cluster_status="", state="", size=0,
        seqno=-1, conf_id=-1, safe_to_bootstrap=False, service=unit("mariadb", "failed", "failed"),
    )  # fmt: skip


def _down(state: ClusterState, names: tuple[str, ...], since: float) -> ClusterState:
    """Both balancers find these databases DOWN, for so many seconds; what they sent there goes to nobody."""
    return state.having(
        {HAPROXY_STAT: {name: _without(node, names, int(since)) for name, node in state[HAPROXY_STAT].items()}}
    )


def _without(node: ProxyNode | Unknown, names: tuple[str, ...], seconds: int) -> ProxyNode | Unknown:
    assert isinstance(node, ProxyNode)
    servers = tuple(
        replace(one, status="DOWN", check="L4CON", sessions=0, last_change=seconds, downtime=one.downtime + seconds)
        if one.backend == "galera" and one.name in names
        else one
        for one in node.servers
    )
    return replace(node, servers=servers)
