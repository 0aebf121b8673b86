"""The clusters of the streams, and how each looks when all is well: plain records, of frozen times."""

from __future__ import annotations

import json

from cluster.corosync.record import QuorumNode
from cluster.galera.record import GaleraNode
from cluster.haproxy.record import ProxyNode, ProxyServer
from cluster.locked import LockNode
from cluster.pacemaker.record import CrmNode, CrmResource, CrmStatus
from cluster.ports.record import FilterNode
from cluster.rabbitmq.record import BrokerNode, BrokerQueue
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, HostAnswer, ServiceState
from cluster.validate import cluster_spec
from cluster.vip import VipNode
from inventory import DATA, PREFIX

UUID = "e0175fcc-e88b-11f1-8846-ffb44b8bbce0"


def reference() -> Cluster:
    """The topology of inventory.py, always in 192.168.47.0/24: pictures of it must not depend on where the lab is."""
    return cluster_spec(json.loads(json.dumps(DATA).replace(PREFIX, "192.168.47")))


def large(hosts: int) -> Cluster:
    """A cluster of so many hosts, 20 to 100: a fifth balancers, a quarter each databases and controllers."""
    if not 20 <= hosts <= 100:
        raise ValueError(f"a large cluster has 20 to 100 hosts, not {hosts}")
    sizes = {Role.HAPROXY: hosts // 5, Role.GALERA: hosts // 4 | 1, Role.CONTROLLER: hosts // 4 | 1}
    sizes[Role.NETWORK] = hosts - sum(sizes.values())
    words = {Role.HAPROXY: "haproxy", Role.GALERA: "mysql", Role.CONTROLLER: "cc", Role.NETWORK: "net"}
    names: dict[str, dict[str, str]] = {role: {} for role in sizes}
    for number in range(hosts):
        role = next(role for role in sizes if len(names[role]) < sizes[role])
        names[role][f"{words[role]}{len(names[role]) + 1:02}"] = f"192.0.2.{number + 100}"
    return cluster_spec(
        {
            "name": f"large-{hosts}",
            "network": "192.0.2.0/24",
            "release": "bookworm",
            "hosts": names,
            "keepalived": {
                "vip": "192.0.2.47",
                "priorities": {name: 200 - n for n, name in enumerate(names[Role.HAPROXY])},
            },
            "pacemaker": {
                "vip": "192.0.2.48",
                "fencing": {
                    name: {"address": f"198.51.100.{n + 1}", "user": "hatui"}
                    for n, name in enumerate(names[Role.CONTROLLER])
                },
            },
            "secrets": {"bmc": "env:BMC_PASSWORD"},
        }
    )


def unit(name: str, active: str = "active", sub: str = "running") -> ServiceState:
    """A unit of systemd, enabled, with no restart due."""
    return ServiceState(f"{name}.service", active, sub, enabled=True, restart_due=False)


def well(spec: Cluster, since: float = 0.0) -> ClusterState:
    """All is well, `since` seconds after the stream's begin. Counters go on each ten seconds, as when they are read."""
    turn = int(since // 10) * 10
    return ClusterState(
        {
            "hosts": {name: HostAnswer(0.021 + n % 7 / 100) for n, name in enumerate(spec.hosts)},
            "vrrp": _vips(spec, Role.HAPROXY),
            "haproxy": {name: proxy(spec, turn) for name in spec.names(Role.HAPROXY)},
            "galera": {name: database(spec, turn) for name in spec.names(Role.GALERA)},
            "rabbitmq": {name: broker(spec, name) for name in spec.names(Role.CONTROLLER)},
            "corosync": {name: member(spec) for name in spec.names(Role.CONTROLLER)},
            "pacemaker": {name: crm(spec) for name in spec.names(Role.CONTROLLER)},
            "controller_vip": _vips(spec, Role.CONTROLLER),
            "lock": {name: LockNode(held=False) for name in spec.hosts},
            "ports": {name: FilterNode(unit("hatui-ports", sub="exited"), 6) for name in spec.hosts},
        }
    )


def _vips(spec: Cluster, role: Role) -> dict[str, VipNode]:
    """The first host of `role` is the owner of its VIP."""
    vip = spec.keepalived.vip if role is Role.HAPROXY else spec.pacemaker.vip
    service = unit("keepalived") if role is Role.HAPROXY else None
    priorities = spec.keepalived.priorities if role is Role.HAPROXY else {}
    return {
        name: VipNode({} if n else {vip: "host0"}, service, priority=priorities.get(name))
        for n, name in enumerate(spec.names(role))
    }


def proxy(spec: Cluster, turn: int = 0) -> ProxyNode:
    """A balancer that sends to the first database."""
    servers = tuple(
        ProxyServer(
            backend=backend,
            name=name,
            address=f"{spec.address(name)}:{port}",
            status="UP",
            check=check,
            sessions=0 if backend == "galera" and n else 37 + n + turn % 30,
            backup=backend == "galera",
            last_change=9300 + turn + n,
            downtime=31 + n,
            rate=0 if backend == "galera" and n else (turn // 10 + n) % 6,
        )
        for backend, role, port, check in (
            ("galera", Role.GALERA, 3306, "L7OK/200"),
            ("rabbitmq", Role.CONTROLLER, 5672, "L7OK/0"),
        )
        for n, name in enumerate(spec.names(role))
    )
    writer = spec.names(Role.GALERA)[0]
    return ProxyNode("2.6.12-1+deb12u4", 9400 + turn, servers, {"galera": writer}, unit("haproxy"), 540)


def database(spec: Cluster, turn: int = 0) -> GaleraNode:
    """A node that is Synced."""
    return GaleraNode(
        running=True, uuid=UUID, seqno=48_211 + 7 * turn, ready=True, connected=True, cluster_status="Primary",
        state="Synced", size=len(spec.names(Role.GALERA)), conf_id=3, flow_control_paused=0.0004, cached_downto=31_007,
        service=unit("mariadb"), check=unit("hatui-galera-check"),
    )  # fmt: skip


def broker(spec: Cluster, name: str) -> BrokerNode:
    """A broker that sees all others."""
    members = tuple(f"rabbit@{other}" for other in spec.names(Role.CONTROLLER))
    queues = tuple(
        BrokerQueue("/", queue, "quorum", members[n % len(members)], members, 3 - n, 2)
        for n, queue in enumerate(("notifications.info", "conductor", "scheduler"))
    )
    return BrokerNode(
        f"rabbit@{name}", True, members, members, version="3.10.8", queues=queues, queues_total=len(queues),
        service=unit("rabbitmq-server"),
    )  # fmt: skip


def member(spec: Cluster) -> QuorumNode:
    """A member of a complete partition."""
    names = spec.names(Role.CONTROLLER)
    return QuorumNode(True, True, len(names), len(names), names, unit("corosync"))


def crm(spec: Cluster) -> CrmStatus:
    """Pacemaker with the VIP and a fencing device a controller, each on the next one."""
    names = spec.names(Role.CONTROLLER)
    return CrmStatus(
        running=True, dc=names[0], quorate=True, stonith_enabled=True, maintenance_mode=False,
        nodes=tuple(CrmNode(name, True, False, False, False, False, name == names[0]) for name in names),
        resources=(
            _started("controller-vip", "ocf:heartbeat:IPaddr2", names[0]),
            *(
                _started(f"fence-{name}", "stonith:fence_ipmilan", names[(n + 1) % len(names)])
                for n, name in enumerate(names)
            ),
        ),
        failures=(), fencing=(), bans=(),
        constraints=tuple(f"fence-{name} not on {name}" for name in names), service=unit("pacemaker"),
    )  # fmt: skip


def _started(name: str, agent: str, host: str) -> CrmResource:
    return CrmResource(
        id=name, agent=agent, role="Started", active=True, failed=False, managed=True, orphaned=False, blocked=False,
        nodes=(host,),
    )  # fmt: skip
