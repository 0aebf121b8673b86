"""What is seen of the packet filter on a host."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.state import Fact, Record, ServiceState


@dataclass(frozen=True, slots=True)
class FilterNode(Record):
    """Whether the rules are in force. `rules` is how many the kernel has of our table (nft(8), `list table`)."""

    service: ServiceState
    rules: int
    """0: there is no such table."""


PORT_FILTER = Fact("ports", FilterNode, 30)
