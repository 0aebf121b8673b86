"""Names, paths and settings of keystone, OpenStack's identity service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cluster.checking import between
from cluster.layer import settings_of
from cluster.reading import Mistake, shown
from cluster.spec import Cluster, Service

NAME = "keystone"
UNIT = "keystone.service"
CONFIG = "/etc/keystone/keystone.conf"
WORKERS = "/etc/keystone/hatui-uwsgi.ini"
"""How uwsgi serves it: where it listens, with how many processes and threads."""
SYNC_CONFIG = "/etc/keystone/hatui-db-sync.conf"
"""The account that may change the tables: read by db_sync alone."""
TOKEN_LIFE = 3600
"""Seconds for which a token is good."""
KEYS = ("/etc/keystone/fernet-keys", "/etc/keystone/credential-keys")
"""What tokens and credentials are encrypted with: the same on all controllers."""
SYNCED = "/var/lib/hatui/keystone.synced"
"""On the controller that made the tables: for which version of the package."""
HEALTH_CALL = "/etc/hatui/keystone.health"
TOKEN_CALL = "/etc/hatui/keystone.token"  # noqa: S105 (a path)
"""Settings of curl(1) with which a host asks its own keystone: whether it is there, and for a token."""
STAMPED = (CONFIG, WORKERS)
"""What it reads when it starts."""

ADMIN = "admin"
"""User, project and role that `keystone-manage bootstrap` makes."""
WATCH = "hatui_watch"
"""The user as which a token is asked for. It has no role anywhere: its tokens are good for nothing."""
HEALTH_PATH = "/healthcheck"
"""oslo.middleware's: it tells that the process answers, and nothing of the database."""


@dataclass(frozen=True, slots=True)
class Keystone:
    """The inventory's section `keystone`; where there is none, hatui has nothing to do with keystone."""

    port: int = 5000
    """On the balancers' VIP, and on each controller's own address."""
    region: str = "RegionOne"
    processes: int = 1
    """On each controller."""
    threads: int = 16
    """Of each process: as many requests are worked on at once."""


def wanted(spec: Cluster) -> bool:
    """Whether the inventory has it."""
    return NAME in spec.others


def keystone_of(spec: Cluster) -> Keystone:
    """What the inventory says of it."""
    return settings_of(spec, NAME, Keystone)


def url(spec: Cluster) -> str:
    """Where clients reach it, such as http://192.168.47.47:5000/v3."""
    return f"http://{spec.keepalived.vip}:{keystone_of(spec).port}/v3"


def services(spec: Cluster) -> dict[str, Service]:
    """What the balancers spread over the controllers.

    A thread stays free for the check: a server that works on all that it can is not dead.
    """
    mine = keystone_of(spec)
    return {
        NAME: Service(
            port=mine.port,
            role="controller",
            mode="http",
            check=HEALTH_PATH,
            algorithm="leastconn",
            timeout=120,
            max_connections=max(1, mine.processes * mine.threads - 1),
        )
    }


def checks(spec: Cluster) -> Iterator[Mistake]:
    """What it can't be made of."""
    if not wanted(spec):
        return
    mine = keystone_of(spec)
    yield from between("keystone.processes", mine.processes, 1, 64)
    yield from between("keystone.threads", mine.threads, 2, 256)
    if not mine.region or not mine.region.isascii() or not mine.region.replace("_", "").replace("-", "").isalnum():
        yield Mistake("keystone.region", f"is {shown(mine.region)}: it must be letters, digits, _ and -.")
