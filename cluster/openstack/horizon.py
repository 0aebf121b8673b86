"""Horizon, OpenStack's pages for a browser: its settings, and what is seen of it on a host. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from typing_extensions import override

from cluster.checking import between
from cluster.layer import settings_of
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.record import SLOW, well
from cluster.reading import Mistake, foreign, shown
from cluster.spec import Cluster, Service
from cluster.state import Fact, Record, ServiceState, runs

NAME = "horizon"
UNIT = "hatui-horizon.service"
"""An Apache of its own: Debian's may serve whatever else."""
SERVER = "/etc/hatui/horizon-apache.conf"
"""Its settings."""
SETTINGS = "/etc/openstack-dashboard/local_settings.d/_8000_hatui.py"
"""Those of horizon, read after Debian's, and before those of an operator with a higher number."""
SESSIONS = "/usr/local/lib/hatui/horizon/hatui_sessions.py"
"""Where it keeps its sessions (deploy/files/horizon_sessions.py)."""
FILES = (SERVER, SETTINGS, SESSIONS)
ASKED = "/etc/hatui/horizon.login"
"""As whom a controller asks its own horizon, and where."""
ROOT = "/horizon/"
"""Where its pages begin; as Debian has it, who makes what they need when the package is installed."""
SECRET = "horizon_key"  # noqa: S105 (a secret's name)
"""With which it signs: the same on all controllers, or no page would take another's forms."""
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Horizon:
    """The inventory's section `horizon`; where there is none, hatui has nothing to do with it."""

    port: int = 8080
    """On the balancers' VIP, and on each controller's own address."""
    names: str = ""
    """By which people reach it beside the VIP's address, by commas."""
    processes: int = 2
    """On each controller."""
    threads: int = 4
    """Of each process: as many requests are worked on at once."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Each of `names`."""
        return tuple(word for one in self.names.split(",") if (word := one.strip()))


@dataclass(frozen=True, slots=True)
class HorizonNode(Record):
    """Its unit, and what it answers to its own host's two calls: the login page, which asks nothing behind it, and a
    login as who watches, which needs keystone and a place for the session."""

    service: ServiceState
    page: int
    """The HTTP status of the first; 0: no answer."""
    form: bool
    """Whether there is a form for a login in it."""
    entered: bool | None
    """Whether the second let him in; None: it was not made, for want of a form, or there is no answer to it."""
    took: float = 0.0
    """Seconds that both took."""
    waits: float | None = None
    """Seconds since they were begun, where there is no answer yet. All else is that of the calls before, if they were
    answered within two minutes."""

    @property
    @override
    def awaits(self) -> bool:
        """Whether its calls have no answer yet."""
        return runs(self.service) and self.waits is not None

    @override
    def with_answer_of(self, former: Self) -> Self:
        """The same with what the calls brought before."""
        return replace(former, service=self.service)

    @property
    def slow(self) -> bool:
        """Whether there has been no answer for so long that it is told of; where there was none before, at once."""
        return self.waits is not None and (self.entered is None or self.waits > SLOW)

    @property
    def shown(self) -> bool:
        """Whether the login page is there."""
        return well(self.page) and self.form

    @property
    def works(self) -> bool:
        """Whether it lets somebody in."""
        return self.shown and self.entered is True


HORIZON = Fact(NAME, HorizonNode, 60)


def wanted(spec: Cluster) -> bool:
    """Whether the inventory has it."""
    return NAME in spec.others


def horizon_of(spec: Cluster) -> Horizon:
    """What the inventory says of it."""
    return settings_of(spec, NAME, Horizon)


def balanced(spec: Cluster) -> dict[str, Service]:
    """As the balancers have it: any controller can answer, since all know all sessions.

    One request less than it works on at once: its check has to be answered meanwhile.
    """
    if not wanted(spec):
        return {}
    mine = horizon_of(spec)
    return {
        NAME: Service(
            port=mine.port,
            role="controller",
            mode="http",
            check=ROOT,
            algorithm="leastconn",
            timeout=120,
            check_timeout=2,
            max_connections=max(1, mine.processes * mine.threads - 1),
        )
    }


def checks(spec: Cluster) -> Iterator[Mistake]:
    """What of its section it can't be made of."""
    if not wanted(spec):
        return
    mine = horizon_of(spec)
    if not KEYSTONE.wanted(spec):
        yield Mistake(NAME, "needs keystone: give the inventory a section of that name, too.")
    for name in mine.hosts:
        if not _DOMAIN.fullmatch(name):
            yield Mistake(
                f"{NAME}.names",
                f"has {shown(name)}: it must be names of DNS or addresses, with commas between them.",
                foreign(name),
            )
    yield from between(f"{NAME}.processes", mine.processes, 1, 64)
    yield from between(f"{NAME}.threads", mine.threads, 2, 256)
