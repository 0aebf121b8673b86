"""An API of a service of OpenStack: where it listens, and how it is served. Pure; names none of them."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import split


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One that runs on each controller, and that the balancers spread over them at layer 7."""

    name: str
    """Of its backend in HAProxy."""
    unit: str
    port: int
    """Of its project, where the inventory has no other."""
    health: str
    """The path that the balancers ask: it tells that the process answers, and nothing of what stands behind it."""
    uwsgi: str
    """The path of the package's own settings of uwsgi, which serves it; empty where it serves itself."""
    processes: str = "processes"
    """The key in its service's section that says how many it has on each controller."""

    @property
    def workers_file(self) -> str:
        """How uwsgi serves it: where it listens, with how many processes and threads. Read after the package's."""
        folder, name = split(self.uwsgi)
        return f"{folder}/hatui-{name}"

    @property
    def health_file(self) -> str:
        """Settings of curl(1) with which a host asks whether its own is there."""
        return f"/etc/hatui/{self.name}.health"
