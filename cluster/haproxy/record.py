"""What is seen of HAProxy on a balancer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.state import Fact, Record, ServiceState


@dataclass(frozen=True, slots=True)
class ProxyServer(Record):
    """One server line of HAProxy's `show stat` (management.txt, 9.1).

    `status` is UP, DOWN, MAINT, DRAIN, NOLB or "no check", some with what it turns to, or why: "UP 1/2" is on its way
    down, "DOWN 1/2" on its way up, "MAINT (via B/S)" follows another server, its agent asked for "DRAIN (agent)".
    """

    backend: str
    name: str
    address: str
    """Such as 192.0.2.25:3306; empty where this HAProxy does not tell it, "none" where the server has none yet."""
    status: str
    check: str
    """`check_status` with its code, such as "L7OK/200" or "L4CON"."""
    sessions: int
    backup: bool
    last_change: int
    """Seconds since the status last changed."""
    downtime: int
    """Seconds in total."""
    rate: int = 0
    """New sessions in the last second."""
    queue: int = 0
    """Sessions that wait for a free connection."""
    weight: int = 1
    """0: it gets no new session, whatever its status."""

    @property
    def up(self) -> bool:
        """Whether its check finds it well, also on its way down: it lives, whether it is sent sessions or not."""
        return self.status.startswith("UP")

    @property
    def serves(self) -> bool:
        """Whether it takes new sessions: it is UP, or nobody checks it."""
        return self.weight > 0 and (self.up or self.status == "no check")

    @property
    def by_hand(self) -> bool:
        """Whether somebody told HAProxy to send it nothing: not its check, its agent, its name or another server."""
        return self.status in ("MAINT", "DRAIN") or re.fullmatch(r"DRAIN \d+/\d+", self.status) is not None


@dataclass(frozen=True, slots=True)
class ProxyNode(Record):
    """HAProxy on one load balancer. Without servers: it does not run, or does not answer within 1.5 s."""

    version: str
    uptime: int
    servers: tuple[ProxyServer, ...]
    stuck: Mapping[str, str]
    """Backend to the server that its stick table sends new sessions to: the writer, for a database backend."""
    service: ServiceState
    pid: int = 0
    """Of the worker that answered: a reload brings another."""
    frontends: Mapping[str, str] = field(default_factory=dict)
    """Frontend to its status: OPEN, FULL, STOP, PAUSED, …; none where that was not asked."""
    peers: Mapping[str, str] = field(default_factory=dict)
    """Each other balancer that it shares the writer's table with, to the state of the link as HAProxy writes it: ESTA
    where it is established. None where that was not asked, or nothing is shared."""


HAPROXY_STAT = Fact("haproxy", ProxyNode, 10)
