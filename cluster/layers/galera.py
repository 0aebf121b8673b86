"""Galera: the database, a cluster of MariaDB servers that hold the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.galera.checks import checks
from cluster.galera.gates import is_primary
from cluster.galera.names import CHECK_FILES, CHECK_UNIT, CONFIG, GALERA_CHECK_PORT, GARB_CONFIG, GARB_UNIT, UNIT
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.galera.steady import STEADY
from cluster.galera.things import things
from cluster.galera.verdict import galera_health
from cluster.haproxy.gates import writers_of
from cluster.haproxy.record import HAPROXY_STAT
from cluster.layer import MOST, Claim, Layer, Load, Port, Unit
from cluster.spec import Cluster, Role
from cluster.state import ClusterState


def _component(_: Cluster, __: str, record: Any) -> Claim | None:
    if not isinstance(record, GaleraNode) or not is_primary(record):
        return None
    words = f"the Primary component has {record.size} members, in its configuration {record.conf_id}"
    return Claim((record.uuid, record.conf_id, record.size), words)


def _loads(_: Cluster, state: ClusterState) -> Mapping[str, Load]:
    return dict.fromkeys(writers_of(state[HAPROXY_STAT]).values(), Load(MOST, "the writer"))


def _ports(spec: Cluster) -> tuple[Port, ...]:
    nodes, balancers = spec.addresses(Role.GALERA), spec.addresses(Role.HAPROXY)
    arbitrator = (spec.address(spec.galera.arbitrator),) if spec.galera.arbitrator else ()
    # Galera's documentation, "Firewall Settings".
    return (
        Port("tcp", str(GALERA_CHECK_PORT), balancers, "whether the node may take sessions"),
        Port("tcp", "4567", (*nodes, *arbitrator), "the replication"),
        Port("udp", "4567", (*nodes, *arbitrator), "the replication, by multicast"),
        Port("tcp", "4568", nodes, "incremental state transfers"),
        Port("tcp", "4444", nodes, "whole state transfers"),
    )


def _packages(_: Cluster) -> tuple[str, ...]:
    # mariabackup sends a state transfer through socat; the health responder is Python.
    return (
        "galera-4",
        "mariadb-backup",
        "mariadb-client",
        "mariadb-server",
        "python3",
        "python3-pymysql",
        "rsync",
        "socat",
    )


GALERA = Layer(
    name="galera",
    roles=(Role.GALERA,),
    checks=checks,
    facts=(WSREP_STATUS,),
    claims={WSREP_STATUS.name: _component},
    verdict=lambda spec, state: galera_health(spec, state[WSREP_STATUS], state[HAPROXY_STAT]),
    steady=STEADY,
    things=things,
    loads=_loads,
    units=(
        Unit(UNIT, (CONFIG,), "MariaDB is drained, restarted and given back"),
        Unit(CHECK_UNIT, CHECK_FILES, "the health responder is restarted"),
        Unit(GARB_UNIT, (GARB_CONFIG,), "the arbitrator is restarted"),
    ),
    ports=_ports,
    recovery="the database, on the evidence of every node",
    packages=_packages,
)
