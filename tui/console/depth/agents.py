"""The network nodes in depth: which agent runs, and what of routers and networks each node serves."""

from __future__ import annotations

from cluster.agents.names import AGENTS, VSWITCHD_UNIT
from cluster.agents.record import AGENTS_FACT, AgentsNode
from cluster.state import ClusterState
from tui.console.depth.parts import Numbers, rows, service
from tui.console.lines import Line, Span, heading, span, table

_UNITS = (VSWITCHD_UNIT, *AGENTS)


def lines(state: ClusterState) -> list[Line]:
    """A row a network node."""
    names = ("HOST", "SWITCH", "ITS AGENT", "DHCP", "METADATA", "L3", "PRIMARY OF", "BACKUP OF", "NETWORKS")
    hint = "a router is served by its primary alone, addresses of a network by each node that has it"
    return [heading("Network nodes", hint), *table(names, rows("agents", names, state[AGENTS_FACT], _row))]


def _row(_host: str, node: AgentsNode) -> tuple[Span, ...]:
    units = {unit.unit: unit for unit in node.units}
    dead = f", {len(node.dead)} without a keepalived" if node.dead else ""
    mute = f", {len(node.mute)} not told of" if node.mute else ""
    unserved = f", {node.unserved} without a dnsmasq" if node.unserved else ""
    return (
        *(service(units.get(name)) for name in _UNITS),
        span(f"{len(node.primary)}{dead}{mute}", "warn" if dead or mute else ""),
        (f"{len(node.backup)}", ""),
        span(f"{node.networks}{unserved}", "warn" if unserved else ""),
    )


def numbers(state: ClusterState) -> Numbers:
    """The routers and networks that are served, of all nodes that told."""
    nodes = [node for node in state[AGENTS_FACT].values() if isinstance(node, AgentsNode)]
    yield "routers with a primary", sum(len(node.primary) for node in nodes) if nodes else None
    yield "networks served", sum(node.networks for node in nodes) if nodes else None
