"""The deploy of a service of OpenStack, in its parts, each called from the service's own file on every host."""

from __future__ import annotations

from pyinfra import host

from cluster.layers import BY_NAME
from cluster.openstack.availability import Availability
from cluster.openstack.keystone import KEYSTONE, READER, SERVICES, WATCH, region_of
from cluster.openstack.queue import ACCOUNT, QUEUE_PASSWORD
from cluster.openstack.resources import resource_of
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster, Role
from deploy.amended_ini import amended_ini
from deploy.openstack_cib import not_under_pacemaker, under_pacemaker
from deploy.openstack_files import openstack_files, watch, without_lone
from deploy.openstack_own import settings
from deploy.openstack_settings import secrets_in, synced_by
from deploy.rabbitmq_files import administrator
from deploy.secrets import secret
from operations.accounts import WantedAccount, accounts
from operations.files import ManagedFile, absent, managed
from operations.handed_over import handed_over
from operations.hosts import conducts
from operations.identity import Keystone, Login
from operations.identity_known import Known, known
from operations.kernel import applied
from operations.lock import unlocked
from operations.openstack import START, answering, rolled
from operations.openstack_tables import tables_made
from operations.pacemaker import configured as configured_in_pacemaker
from operations.packages import installed
from operations.rabbitmq_definitions import Wanted, WantedUser, defined
from operations.service import running

_NONLOCAL = {"net.ipv4.ip_nonlocal_bind": "1"}
_WORKS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_SYNCS = _WORKS | {
    *("ALTER", "CREATE", "DROP", "INDEX", "REFERENCES", "LOCK TABLES", "CREATE TEMPORARY TABLES"),
    *("CREATE VIEW", "TRIGGER"),
}


def carries(cluster: Cluster, service: OpenstackService) -> bool:
    """Whether this host is to run the service."""
    return service.wanted(cluster) and Role.CONTROLLER in host.groups


def leads(cluster: Cluster, service: OpenstackService) -> bool:
    """Whether this host does what is done once for all controllers."""
    return service.wanted(cluster) and conducts(cluster.names(Role.CONTROLLER))


def configured(cluster: Cluster, service: OpenstackService) -> None:
    """The package, the settings, and the files that are hatui's whole; and where its data is, in the database."""
    unlocked(name=f"{service.name}: nobody else changes the cluster")
    if carries(cluster, service):
        installed(name=f"{service.name}: packages", packages=BY_NAME[service.name].packages(cluster))
        amended_ini(
            f"{service.name}: its settings",
            settings(cluster, service, host.name),
            group=service.name,
            secrets=secrets_in(cluster, service),
        )
        files = openstack_files(cluster, service, host.name)
        if service.availability(cluster) is Availability.WARM:
            lines = "".join(f"{key} = {value}\n" for key, value in _NONLOCAL.items())
            files.append(ManagedFile("/etc/sysctl.d/61-hatui-standby.conf", f"# Managed by hatui.\n{lines}".encode()))
        managed(name=f"{service.name}: how it is served and asked", files=files)
        if service.lone and not service.lone_units(cluster):
            absent(name=f"{service.name}: nothing of {service.lone.program}", paths=without_lone(service))
    if leads(cluster, service):
        users = (
            (service.name, secret(cluster, f"{service.name}_database"), _WORKS),
            (synced_by(service), secret(cluster, f"{service.name}_sync"), _SYNCS),
        )
        accounts(
            name=f"{service.name}: its database",
            hosts=list(cluster.names(Role.GALERA)),
            wanted=[
                # The server sees the balancers as its clients.
                WantedAccount(
                    user,
                    cluster.address(balancer),
                    password=password,
                    own_databases=privileges,
                    databases=tuple(service.databases),
                    charset="utf8mb3",
                )
                for balancer in cluster.names(Role.HAPROXY)
                for user, password, privileges in users
            ],
        )


def queue_account(cluster: Cluster, service: OpenstackService) -> None:
    """Its account in the queue: all services have the same."""
    if leads(cluster, service) and service.queue:
        user = WantedUser(ACCOUNT, secret(cluster, QUEUE_PASSWORD), permissions={"/": (".*", ".*", ".*")})
        defined(
            name=f"{service.name}: its account in the queue",
            hosts=list(cluster.names(Role.CONTROLLER)),
            admin=administrator(cluster),
            wanted=Wanted(users=(user,), queue_types={}, policies={}),
        )


def filled(cluster: Cluster, service: OpenstackService) -> None:
    """Its tables."""
    if leads(cluster, service):
        tables_made(
            name=f"{service.name}: its tables",
            service=service.name,
            syncs=service.syncs(cluster),
            hosts=list(cluster.names(Role.CONTROLLER)),
            nodes=list(cluster.names(Role.GALERA)),
        )


def own_keystone(cluster: Cluster) -> Keystone:
    """This host's own keystone."""
    return Keystone(host.name, f"{KEYSTONE.own_url(cluster, host.name)}{KEYSTONE.path}")


def known_to_keystone(cluster: Cluster, service: OpenstackService) -> None:
    """Its user and its address; and with keystone itself, the user that watches."""
    if not leads(cluster, service):
        return
    admin = secret(cluster, "keystone_admin")
    if service is KEYSTONE:
        wanted = Known(own_keystone(cluster), admin, watch(cluster), (READER, WATCH))
    else:
        wanted = Known(
            own_keystone(cluster),
            admin,
            Login(service.name, secret(cluster, f"{service.name}_user"), SERVICES),
            service.roles,
            region_of(cluster),
            service.name,
            service.kind,
            service.url(cluster),
        )
    known(name=f"{service.name}: its users and its address, by keystone", wanted=[wanted])


def brought_up(cluster: Cluster, service: OpenstackService) -> None:
    """It runs where it is to run, and answers there: what comes next may stand on it."""
    availability, hosts = service.availability(cluster), list(cluster.names(Role.CONTROLLER))
    clustered = service.clustered(cluster)
    mine = [unit for unit in service.units_in(cluster.release) if unit not in clustered]
    if carries(cluster, service):
        if availability is Availability.WARM:
            # Each listens at the VIP, too, whoever has it (kernel documentation, ip-sysctl: ip_nonlocal_bind).
            applied(name=f"{service.name}: it may listen at the VIP", parameters=_NONLOCAL)
        if clustered:
            handed_over(
                name=f"{service.name}: Pacemaker alone starts it",
                resources={unit: resource_of(cluster, service, unit) for unit in clustered},
            )
    if leads(cluster, service):
        configured_in_pacemaker(
            name=f"{service.name}: what Pacemaker runs of it",
            hosts=hosts,
            wanted=under_pacemaker(cluster, service),
            gone=not_under_pacemaker(cluster, service),
            within=START,
        )
    if carries(cluster, service) and mine:
        running(name=f"{service.name}: it runs", units=mine)
    if leads(cluster, service):
        answering(
            name=f"{service.name}: it answers",
            service=service.name,
            hosts=hosts,
            alone=availability is Availability.PASSIVE,
            cluster=cluster,
        )


def renewed(cluster: Cluster, service: OpenstackService) -> None:
    """What runs with former settings is restarted, one controller after another."""
    if leads(cluster, service):
        rolled(name=f"{service.name}: restart what runs with former settings", service=service.name, cluster=cluster)


def deployed(cluster: Cluster, service: OpenstackService) -> None:
    """All of it, in order; keystone's own file has some more."""
    configured(cluster, service)
    queue_account(cluster, service)
    filled(cluster, service)
    known_to_keystone(cluster, service)
    brought_up(cluster, service)
    renewed(cluster, service)
