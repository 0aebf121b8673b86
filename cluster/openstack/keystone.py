"""Names, paths and settings of keystone, OpenStack's identity service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cluster.openstack.availability import Availabilities
from cluster.openstack.sections import Sync
from cluster.openstack.service import OpenstackService
from cluster.reading import Mistake, shown
from cluster.spec import Cluster

TOKEN_LIFE = 3600
"""Seconds for which a token is good."""
KEYS = ("/etc/keystone/fernet-keys", "/etc/keystone/credential-keys")
"""What tokens and credentials are encrypted with: the same on all controllers."""

ADMIN = "admin"
"""User, project and role that `keystone-manage bootstrap` makes."""
WATCH = "hatui_watch"
"""The user as which every service is asked, its project, in which nothing is, and its role, which may list what
services say of themselves."""
READER = "reader"
"""The role that may look, and change nothing."""
SERVICES = "service"
"""The project of the services' own users, and the role by which they know each other."""
INTERFACES = ("public", "internal", "admin")
"""Of each service in the catalogue."""


@dataclass(frozen=True, slots=True)
class Keystone(Availabilities):
    """The inventory's section `keystone`; where there is none, hatui has nothing to do with keystone."""

    port: int = 5000
    """On the balancers' VIP, and on each controller's own address."""
    region: str = "RegionOne"
    """Of all services in the catalogue."""
    processes: int = 1
    """On each controller."""
    threads: int = 16
    """Of each process: as many requests are worked on at once."""


def _checks(spec: Cluster) -> Iterator[Mistake]:
    region = region_of(spec)
    if not region or not region.isascii() or not region.replace("_", "").replace("-", "").isalnum():
        yield Mistake("keystone.region", f"is {shown(region)}: it must be letters, digits, _ and -.")


KEYSTONE = OpenstackService(
    name="keystone",
    kind="identity",
    gives="a token",
    port=5000,
    path="/v3",
    health="/healthcheck",
    call="/v3/auth/tokens",
    packages=("keystone",),
    config="/etc/keystone/keystone.conf",
    tool="keystone-manage",
    databases={"keystone": "database"},
    syncs=lambda _: (Sync("db_sync"),),
    units=("keystone.service",),
    uwsgi="/etc/keystone/keystone-uwsgi.ini",
    passwords=("keystone_admin", "keystone_watch"),
    settings=Keystone,
    checks=_checks,
)


def region_of(spec: Cluster) -> str:
    """The name of the region in the catalogue."""
    return str(KEYSTONE.of(spec).region)
