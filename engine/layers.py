"""What a host is asked, by its role: the layers it carries, their facts, how often each is asked, and their signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster.spec import Cluster, Role
from cluster.state import Unknown
from engine.frames import Section
from engine.script import LIMIT

if TYPE_CHECKING:
    from pyinfra.api.facts import FactBase

    from facts.signs import Signs

LAYERS: Mapping[Role, tuple[str, ...]] = {
    Role.HAPROXY: ("lock", "vrrp", "haproxy"),
    Role.GALERA: ("lock", "galera"),
    Role.CONTROLLER: ("lock", "controller_vip", "corosync", "rabbitmq", "pacemaker"),
    Role.NETWORK: ("lock",),
}
"""What a host of each role is asked: the names of `ClusterState`'s fields."""

PERIODS: Mapping[str, float] = {
    "lock": 20,
    "vrrp": 10,
    "controller_vip": 5,
    "haproxy": 10,
    "galera": 10,
    "rabbitmq": 15,
    "corosync": 20,
    "pacemaker": 15,
}
"""Seconds after which a layer is asked again though none of its signs has changed: an answer costs a host 2 to 35 ms of
processor time, and a hundredth of one core is what it may spend in all (docs/observer.md)."""

EACH_BY_ITSELF = frozenset({"lock"})
"""Layers of which every host gives its own sign when they change: no other has to be asked for it, or waited for."""


def facts() -> dict[str, FactBase[Any]]:
    """The fact of each field of ClusterState. Imported late: pyinfra takes a third of a second to import."""
    from facts.corosync import CorosyncQuorum
    from facts.galera import WsrepStatus
    from facts.haproxy import HaproxyStat
    from facts.lock import ClusterLock
    from facts.pacemaker import CrmMon
    from facts.rabbitmq import RabbitCluster
    from facts.vrrp import VrrpOwner

    return {
        "lock": ClusterLock(),
        "vrrp": VrrpOwner(),
        "controller_vip": VrrpOwner(),
        "haproxy": HaproxyStat(),
        "galera": WsrepStatus(),
        "rabbitmq": RabbitCluster(),
        "corosync": CorosyncQuorum(),
        "pacemaker": CrmMon(),
    }


def signs() -> dict[str, Signs]:
    """The signs of each field of ClusterState. Imported late as well."""
    from facts import corosync, galera, haproxy, lock, pacemaker, rabbitmq, vrrp

    return {
        "lock": lock.SIGNS,
        "vrrp": vrrp.SIGNS,
        "controller_vip": vrrp.SIGNS,
        "haproxy": haproxy.SIGNS,
        "galera": galera.SIGNS,
        "rabbitmq": rabbitmq.SIGNS,
        "corosync": corosync.SIGNS,
        "pacemaker": pacemaker.SIGNS,
    }


def commands(cluster: Cluster, name: str, known: Mapping[str, FactBase[Any]]) -> dict[str, str]:
    """What host `name` is asked: each section's command, by its layer."""
    return {layer: str(known[layer].command()) for layer in LAYERS[cluster.hosts[name].role]}


def record(fact: FactBase[Any], section: Section) -> Any:
    """The record that a section's answer makes; Unknown, with the reason, if it makes none."""
    if section.exit < 0:
        return Unknown(f"said more than {LIMIT} bytes and was not listened to any longer")
    return fact.process(section.text.splitlines())
