"""Galera in depth: each node's state, its queue, flow control, and how long it may be away without a full copy."""

from __future__ import annotations

from cluster.galera.names import KEEPS_UP
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.haproxy.writer import writer_by
from cluster.state import ClusterState
from tui.console.depth.parts import Numbers, rows, service
from tui.console.lines import Line, Span, heading, span, table


def numbers(state: ClusterState) -> Numbers:
    """The longest queue of writesets to apply."""
    queues = [node.recv_queue for node in state[WSREP_STATUS].values() if isinstance(node, GaleraNode) and node.ready]
    yield "galera queue", max(queues, default=None)


def lines(state: ClusterState) -> list[Line]:
    """Each node, then where the balancers send what is written."""
    names = ("HOST", "STATE", "COMPONENT", "SEQNO", "QUEUE", "PAUSED", "WINDOW", "CHECK", "UNIT")
    return [
        heading(
            "Nodes", "PAUSED: share of the time in flow control; WINDOW: writesets a node may miss and still get IST"
        ),
        *table(names, rows("galera", names, state[WSREP_STATUS], _row)),
        *_writer(state),
    ]


def _row(_host: str, node: GaleraNode) -> tuple[Span, ...]:
    up = node.running and node.answers
    state: Span = span(node.state or "silent", "ok" if node.state == "Synced" else "warn") if up else ("down", "fail")
    if node.running and not node.answers:
        state = ("no clients" if node.turns_away else "no answer", "fail")
    component = span(f"{node.cluster_status} of {node.size}", "" if node.cluster_status == "Primary" else "fail")
    return (
        state,
        component if up else ("-", "dim"),
        (str(node.seqno), ""),
        (str(node.recv_queue), "warn" if node.recv_queue > KEEPS_UP else "") if up else ("-", "dim"),
        (f"{100 * node.flow_control_paused:.0f} %", "") if up else ("-", "dim"),
        (_window(node), "") if up else ("-", "dim"),
        service(node.check),
        service(node.service),
    )


def _window(node: GaleraNode) -> str:
    """Of writesets that this node could still give to a joiner one by one (wsrep_local_cached_downto)."""
    if node.cached_downto is None or node.cached_downto > node.seqno:
        return "-"
    return str(node.seqno - node.cached_downto + 1)


def _writer(state: ClusterState) -> list[Line]:
    lines = [heading("Writer", "where each balancer sends new sessions")]
    for host, proxy in state[HAPROXY_STAT].items():
        duty = writer_by(proxy, state.hosts) if isinstance(proxy, ProxyNode) else None
        said: Span = span(duty, "warn" if duty.against else "accent") if duty else ("unknown", "unknown")
        lines.append(
            Line(
                (("  ", ""), span(host, "strong"), ("  ", ""), said),
                key=f"writer/{host}",
                layer="galera",
                host=duty.who if duty else "",
            )
        )
    return lines
