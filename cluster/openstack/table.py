"""OpenStack's services but keystone, in the order in which they stand on each other, each as one row.

Sources: each project's installation guide and API reference; Debian's packages of 2025.1 and Zed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cluster.agents.names import METADATA_SECRET
from cluster.openstack import volumes
from cluster.openstack.api import Api
from cluster.openstack.availability import Availability
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.queue import brokers
from cluster.openstack.sections import Single, Sync, Workers
from cluster.openstack.service import OpenstackService
from cluster.openstack.volumes import VOLUME, Cinder
from cluster.reading import Mistake, shown
from cluster.spec import Cluster, Service


@dataclass(frozen=True, slots=True)
class Glance(Workers):
    """Glance's section: where its images are."""

    folder: str = "/var/lib/glance/images"
    """On each controller."""
    shared: bool = False
    """Whether this folder is one and the same on all controllers."""


@dataclass(frozen=True, slots=True)
class Nova(Single):
    """Nova's section."""

    metadata_processes: int = 2
    """Of its API for metadata: what a server asks while it starts, by way of the agents of network nodes."""


def _glance(spec: Cluster) -> Iterator[Mistake]:
    mine: Glance = GLANCE.of(spec)
    if not mine.folder.startswith("/") or not mine.folder.isprintable() or set(mine.folder) & set(" $%'\"\\"):
        yield Mistake("glance.folder", f"is {shown(mine.folder)}: it must be a path from / without blanks and quotes.")
    if not mine.shared and GLANCE.availability(spec) is not Availability.PASSIVE:
        yield Mistake(
            "glance.shared",
            "is not true: each controller would keep the images that it was sent, and the others would not find them. "
            "Mount one folder on all controllers, name it as glance.folder, and say so; or have one glance alone "
            f'(glance.availability "{Availability.PASSIVE}"), which after a failover has the images of its own '
            "controller alone.",
        )
    if GLANCE.availability(spec) is Availability.WARM:
        yield Mistake(
            "glance.availability",
            f'is "{Availability.WARM}": glance listens on one address, and would need two. Choose another.',
        )


def _of_one(spec: Cluster) -> str:
    mine: Glance = GLANCE.of(spec)
    return "" if mine.shared else "its images are on this controller's disk alone"


PLACEMENT = OpenstackService(
    name="placement",
    kind="placement",
    gives="a list of resource providers",
    port=8778,
    health="/",
    call="/resource_providers?name=none",
    allowed={"placement:resource_providers:list": "role:admin or role:service"},
    packages=("placement-api",),
    config="/etc/placement/placement.conf",
    tool="placement-manage",
    databases={"placement": "placement_database"},
    syncs=lambda _: (Sync("db sync"),),
    units=("placement-api.service",),
    uwsgi="/etc/placement/placement-api-uwsgi.ini",
)

GLANCE = OpenstackService(
    name="glance",
    kind="image",
    gives="a list of images",
    port=9292,
    health="/healthcheck",
    call="/v2/images?limit=1",
    packages=("glance-api",),
    config="/etc/glance/glance-api.conf",
    tool="glance-manage",
    databases={"glance": "database"},
    syncs=lambda _: (Sync("db_sync"),),
    units=("glance-api.service",),
    alone=_of_one,
    settings=Glance,
    checks=_glance,
)


def _database_of_cell(name: str) -> str:
    """How nova finds a cell's database: by its own settings, so that no password stands in the table of cells."""
    return f"--database_connection '{{scheme}}://{{username}}:{{password}}@{{hostname}}:{{port}}/{name}?{{query}}'"


def _queue_of_cell(spec: Cluster) -> str:
    """How nova finds a cell's queue, in the same way: each of several brokers has a number (nova, "Cells")."""
    count = len(brokers(spec))
    numbers = [""] if count == 1 else [str(number + 1) for number in range(count)]
    places = ",".join(f"{{username{n}}}:{{password{n}}}@{{hostname{n}}}:{{port{n}}}" for n in numbers)
    return f"--transport-url '{{scheme}}://{places}/{{path}}'"


def _cells(spec: Cluster) -> tuple[Sync, ...]:
    return (
        Sync("api_db sync"),
        Sync(f"cell_v2 map_cell0 {_database_of_cell('nova_cell0')}"),
        Sync(
            f"cell_v2 create_cell --name cell1 {_database_of_cell('nova')} {_queue_of_cell(spec)}",
            unless=("cell_v2 list_cells", " cell1 "),
        ),
        Sync("db sync"),
    )


NOVA = OpenstackService(
    name="nova",
    kind="compute",
    gives="a list of its services",
    port=8774,
    path="/v2.1",
    health="/",
    call="/v2.1/os-services",
    # The first that tells of each part by the number that the client takes.
    version="compute 2.53",
    parts="services",
    telling=lambda _: True,
    forget="openstack compute service delete",
    allowed={"os_compute_api:os-services:list": "role:admin"},
    packages=("nova-api", "nova-scheduler", "nova-conductor", "nova-consoleproxy"),
    config="/etc/nova/nova.conf",
    tool="nova-manage",
    databases={"nova_api": "api_database", "nova": "database", "nova_cell0": ""},
    syncs=_cells,
    units=(
        *("nova-api.service", "nova-api-metadata.service"),
        *("nova-scheduler.service", "nova-conductor.service", "nova-novncproxy.service"),
    ),
    own_units={"nova-novncproxy.service": "/usr/bin/nova-novncproxy"},
    uwsgi="/etc/nova/nova-api-uwsgi.ini",
    further=(
        Api(
            name="nova-metadata",
            unit="nova-api-metadata.service",
            port=8775,
            health="/healthcheck",
            uwsgi="/etc/nova/nova-api-metadata-uwsgi.ini",
            processes="metadata_processes",
        ),
    ),
    roles=("admin", "service"),
    queue=True,
    beside={"nova-novnc": Service(port=6080, role="controller", algorithm="source")},
    passwords=("nova_user", METADATA_SECRET),
    settings=Nova,
)

NEUTRON = OpenstackService(
    name="neutron",
    kind="network",
    gives="a list of its agents",
    port=9696,
    health="/healthcheck",
    call="/v2.0/agents?fields=id&fields=host&fields=binary&fields=alive&fields=admin_state_up",
    parts="agents",
    telling=lambda spec: "agents" in spec.others,
    forget="openstack network agent delete",
    allowed={"get_agent": "role:admin"},
    packages=("neutron-api", "neutron-rpc-server", "neutron-periodic-workers"),
    config="/etc/neutron/neutron.conf",
    further_configs=("/etc/neutron/plugins/ml2/ml2_conf.ini",),
    tool="neutron-db-manage",
    databases={"neutron": "database"},
    syncs=lambda _: (Sync("upgrade heads"),),
    units=("neutron-api.service", "neutron-rpc-server.service", "neutron-periodic-workers.service"),
    own_units={"neutron-periodic-workers.service": "/usr/bin/neutron-periodic-workers"},
    uwsgi="/etc/neutron/neutron-api-uwsgi.ini",
    roles=("admin", "service"),
    queue=True,
    # Zed's is eventlet's as nova's is; Debian 13's package has one thread too.
    settings=Single,
)

CINDER = OpenstackService(
    name="cinder",
    kind="volumev3",
    gives="a list of volumes",
    port=8776,
    path="/v3",
    health="/healthcheck",
    # Not the list of its services: that one is for administrators alone, whatever its policy says. Where it has a lone
    # part, this list is read from its database instead.
    call="/v3/volumes?limit=1",
    telling=VOLUME.wanted,
    forget="cinder-manage service remove",
    forgotten_by="BINARY HOST",
    packages=("cinder-api", "cinder-scheduler"),
    config="/etc/cinder/cinder.conf",
    tool="cinder-manage",
    databases={"cinder": "database"},
    syncs=lambda _: (Sync("db sync"),),
    units=("cinder-api.service", "cinder-scheduler.service"),
    lone=VOLUME,
    uwsgi="/etc/cinder/cinder-api-uwsgi.ini",
    roles=("admin", "service"),
    queue=True,
    given=volumes.secrets,
    settings=Cinder,
    checks=volumes.checks,
)

SERVICES = (PLACEMENT, GLANCE, NOVA, NEUTRON, CINDER)
BY_NAME = {one.name: one for one in (KEYSTONE, *SERVICES)}
"""Keystone's too."""
