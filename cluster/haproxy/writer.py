"""Who the database's writer is, as it may be said: a label is as good as what it rests on, and no better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.galera.names import GALERA_BACKEND
from cluster.haproxy.record import ProxyNode
from cluster.state import Unknown

_AWAY = ("DOWN", "MAINT", "DRAIN", "NOLB")
"""States in which HAProxy gives a server no new sessions (management.txt, 9.1), whatever its stick table says."""


Nodes = Mapping[str, ProxyNode | Unknown]


@dataclass(frozen=True, slots=True)
class Duty:
    """The server that a balancer's stick table names for the database, empty if none."""

    who: str
    against: str = ""
    """Why it is not the writer for all that: its status, or that its host does not answer."""

    def __str__(self) -> str:
        if not self.who:
            return "not chosen"
        return f"none yet (was {self.who}, {self.against})" if self.against else self.who


def writer_by(node: ProxyNode, hosts: Mapping[str, object]) -> Duty:
    """Whom this balancer sends what is written to. `hosts`: what is known of each, Unknown for one that is silent."""
    who = node.stuck.get(GALERA_BACKEND, "")
    status = {server.name: server.status for server in node.servers if server.backend == GALERA_BACKEND}
    if who and status.get(who, "absent").startswith((*_AWAY, "absent")):
        return Duty(who, status.get(who, "absent"))
    return Duty(who, "its host does not answer" if who and isinstance(hosts.get(who), Unknown) else "")


def writers(nodes: Nodes, hosts: Mapping[str, object]) -> list[str]:
    """The servers that take what is written, of all balancers: one, if all is well."""
    duties = [writer_by(node, hosts) for node in nodes.values() if isinstance(node, ProxyNode)]
    return sorted({duty.who for duty in duties if duty.who and not duty.against})


def writer(nodes: Nodes, hosts: Mapping[str, object]) -> str:
    """The writer as all balancers have it, in words: a name, several, or why there is none."""
    if sure := writers(nodes, hosts):
        return ", ".join(sure)
    duties = [writer_by(node, hosts) for node in nodes.values() if isinstance(node, ProxyNode)]
    return str(next((duty for duty in duties if duty.who), Duty(""))) if duties else "unknown"
