"""How a service of OpenStack is kept available: on all controllers at once, or where the controllers' VIP is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Availability(StrEnum):
    """Who runs the service, and how its clients find it."""

    ACTIVE = "active-active"
    """All controllers run it, systemd starts it, and the balancers spread its clients over them."""
    WARM = "warm-standby"
    """All controllers run it, Pacemaker starts its API, and its clients find the one that has the controllers' VIP."""
    PASSIVE = "active-passive"
    """The controller that has their VIP runs it, and Pacemaker starts it there."""


AGENTS = ("hatui", "systemd")
"""By what Pacemaker starts and watches it: ocf:hatui:service, which asks it, or systemd's word for its unit."""


@dataclass(frozen=True, slots=True)
class Availabilities:
    """What the section of each service has of it."""

    availability: str = Availability.ACTIVE
    """active-active, warm-standby or active-passive."""
    agent: str = "hatui"
    """Of the latter two: hatui, or systemd."""
