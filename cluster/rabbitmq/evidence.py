"""What is known of each broker: what it does, and the evidence of all for a person who must decide.

`nodes` maps every controller of the cluster to its broker's record.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.rabbitmq.record import BrokerNode
from cluster.state import Unknown
from cluster.text import columns

Nodes = Mapping[str, BrokerNode | Unknown]


def is_running(node: BrokerNode | Unknown) -> bool:
    """Whether the broker answers."""
    return isinstance(node, BrokerNode) and node.running


def is_up(node: BrokerNode) -> bool:
    """Whether the broker's unit runs or starts: between two tries of systemd nothing does."""
    service = node.service
    return service is not None and service.active in ("active", "activating") and service.sub != "auto-restart"


def table(nodes: Nodes) -> str:
    """The evidence, a line for each broker."""
    rows: list[tuple[str, ...]] = [("host", "broker", "cluster by its files", "last saw running")]
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            rows.append((name, "unknown", f"can't be read: {node.reason}"))
            continue
        doing = "runs" if node.running else "drained" if node.draining else "waits" if is_up(node) else "down"
        rows.append((name, doing, ", ".join(node.members) or "no data", ", ".join(node.running_members) or "-"))
    return columns(rows)
