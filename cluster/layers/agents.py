"""Neutron's agents on the network nodes: routers by VRRP, addresses, metadata, and the switch that all of it is on."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.agents.names import AGENTS, METADATA_SECRET, files
from cluster.agents.record import AGENTS_FACT, AgentsNode
from cluster.agents.settings import Agents, agents_of, checks, clustered, wanted
from cluster.agents.steady import STEADY
from cluster.agents.verdict import agents_health, how
from cluster.condition import counted, known_of
from cluster.layer import Layer, Load, Unit
from cluster.openstack.queue import QUEUE_PASSWORD
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from cluster.things import of_each


def _loads(_: Cluster, state: ClusterState) -> Mapping[str, Load]:
    found: dict[str, Load] = {}
    for host, node in state[AGENTS_FACT].items():
        if isinstance(node, AgentsNode) and node.primary:
            found[host] = Load(len(node.primary), f"the primary of {counted(len(node.primary), 'router')}")
    return found


def _at_once(spec: Cluster, state: ClusterState) -> str:
    nodes = known_of(state[AGENTS_FACT], spec.names(Role.NETWORK), AgentsNode).values()
    enabled = [unit.enabled for node in nodes for unit in node.units if unit.unit in AGENTS]
    # One that somebody has disabled by hand is what a rollout puts right.
    if not enabled or (not any(enabled) if clustered(spec) else any(enabled)):
        return ""
    wants = agents_of(spec).availability
    return (
        f"agents.availability is {wants} now: that is done on all network nodes at once. Do it by "
        "`pyinfra INVENTORY deploy/ha.py`."
    )


def _packages(_: Cluster) -> tuple[str, ...]:
    # Of the programs that the agents start in the namespaces, Debian's packages recommend some and need others.
    return (
        "neutron-openvswitch-agent",
        "neutron-dhcp-agent",
        "neutron-metadata-agent",
        "neutron-l3-agent",
        "openvswitch-switch",
        *(
            "conntrack",
            "dnsmasq-base",
            "ethtool",
            "haproxy",
            "ipset",
            "iptables",
            "iputils-arping",
            "keepalived",
            "radvd",
        ),
    )


AGENTS_LAYER = Layer(
    name="agents",
    roles=(Role.NETWORK,),
    wanted=wanted,
    settings=Agents,
    checks=checks,
    facts=(AGENTS_FACT,),
    verdict=lambda spec, state: agents_health(state[AGENTS_FACT], clustered=clustered(spec)),
    steady=STEADY,
    at_once=_at_once,
    things=of_each(AGENTS_FACT, "the network node's agents", how),
    loads=_loads,
    units=tuple(
        Unit(unit, files(unit), "the network nodes' agents are restarted, one node after another") for unit in AGENTS
    ),
    packages=_packages,
    secrets=(METADATA_SECRET, QUEUE_PASSWORD),
)
