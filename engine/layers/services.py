"""A host that serves services of the inventory: the balancers send it no new sessions before it is drained."""

from __future__ import annotations

from functools import partial

from cluster.haproxy.gates import kept_away, kept_away_by_all
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.haproxy.services import served_by
from cluster.spec import Role
from cluster.state import ClusterState
from engine.handling import Handling, Planned
from engine.runbook import View
from operations import servers, services


def _away(view: View, name: str, host: str) -> bool:
    """Whether every balancer was told to send this host nothing of the service."""
    nodes = view.state[HAPROXY_STAT]
    return all(isinstance(node, ProxyNode) for node in nodes.values()) and kept_away_by_all(nodes, name, host)


def _here(view: View, host: str) -> str:
    mine = [name for name in served_by(view.cluster, host) if not _away(view, name, host)]
    return f"serves {', '.join(mine)}" if mine else ""


def _drained(view: View, host: str) -> Planned:
    balancers = view.cluster.names(Role.HAPROXY)
    names = [name for name in served_by(view.cluster, host) if not _away(view, name, host)]
    said = f"{', '.join(names)}: new sessions go to the other hosts, open ones are cut after {servers.DRAIN} s"
    return Planned([services.taken_out(balancers, name, host) for name in names], expected=said if names else "")


def _given_back(view: View, host: str) -> Planned:
    balancers, kept = view.cluster.names(Role.HAPROXY), partial(kept_away, view.state[HAPROXY_STAT])
    return Planned(
        [services.given_back(balancers, name, host) for name in served_by(view.cluster, host) if host in kept(name)]
    )


def _taken_out(state: ClusterState) -> set[str]:
    """Of whatever backend: whose they are, the inventory says, and whom somebody took out is left alone anyway."""
    nodes = [node for node in state[HAPROXY_STAT].values() if isinstance(node, ProxyNode)]
    return {server.name for node in nodes for server in node.servers if server.by_hand}


HANDLING = Handling(here=_here, drained=_drained, given_back=_given_back, taken_out=_taken_out)
