"""The balancers' VIP in depth: who holds it, who would, and who gave it up by hand."""

from __future__ import annotations

from cluster.keepalived.record import VRRP_OWNER
from cluster.state import ClusterState
from cluster.vip import VipNode
from tui.console.depth.parts import rows, service
from tui.console.lines import Line, Span, heading, span, table


def lines(state: ClusterState) -> list[Line]:
    """Each balancer; its kernel is asked what it holds, as clients find it."""
    names = ("HOST", "VRRP", "PRIORITY", "UNIT", "HOLDS")
    return [
        heading("VRRP", "the owner as the kernels say; below, who it was when"),
        *table(names, rows("keepalived", names, state[VRRP_OWNER], _row)),
    ]


def _row(_host: str, node: VipNode) -> tuple[Span, ...]:
    # The host's own addresses are held, too: its keepalived's settings say which are more than that.
    vips = (
        node.held if node.configured is None else {one: node.held[one] for one in node.configured if one in node.held}
    )
    role: Span = ("owner", "accent") if vips else ("away by hand", "warn") if node.away else ("backup", "")
    if node.keepalived is not None and node.keepalived.frozen:
        role = ("frozen", "fail")
    priority = "-" if node.priority is None else str(node.priority)
    held = ", ".join(f"{vip} on {interface}" for vip, interface in vips.items())
    return (role, (priority, ""), service(node.keepalived), span(held or "-"))
