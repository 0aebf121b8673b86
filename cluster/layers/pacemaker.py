"""Pacemaker: the resources of a cluster, and fencing; the controllers' VIP is one. Corosync is deployed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.corosync.names import FILES, UNIT
from cluster.layer import MOST, Claim, Layer, Load, Unit
from cluster.pacemaker.checks import checks
from cluster.pacemaker.record import CONTROLLERS_VIP, CrmStatus
from cluster.pacemaker.steady import steady
from cluster.pacemaker.things import things
from cluster.pacemaker.verdict import pacemaker_health
from cluster.spec import Cluster
from cluster.stacks import CONTROLLERS, NETWORK, Stack
from cluster.state import ClusterState
from cluster.vip import held_claim, owners


def _coordinator(_: Cluster, __: str, record: Any) -> Claim | None:
    leads = isinstance(record, CrmStatus) and record.running and record.quorate and record.dc
    return Claim(record.dc, f"the DC is {record.dc}") if leads else None


def _owner(spec: Cluster, host: str, record: Any) -> Claim | None:
    return held_claim(spec.pacemaker.vip, host, record)


def _loads(spec: Cluster, state: ClusterState) -> Mapping[str, Load]:
    return dict.fromkeys(owners(state[CONTROLLERS_VIP], spec.pacemaker.vip), Load(MOST, "the controllers' VIP owner"))


_FENCING = {
    # fence_ipmilan runs ipmitool, which bookworm's fence-agents only recommends.
    "bookworm": ("fence-agents", "ipmitool"),
    # Split into a package for each agent.
    "trixie": ("fence-agents-ipmilan", "ipmitool"),
}


def _packages(spec: Cluster) -> tuple[str, ...]:
    return ("corosync", "crmsh", "pacemaker", "pacemaker-cli-utils", "resource-agents", *_FENCING[spec.release])


def _layer(stack: Stack) -> Layer:
    vips = (CONTROLLERS_VIP,) if stack.has_vip else ()
    return Layer(
        name=stack.crm.name,
        shared="pacemaker",
        roles=(stack.role,),
        wanted=stack.wanted,
        checks=lambda spec: checks(stack, spec),
        facts=(*vips, stack.crm),
        claims={**{fact.name: _owner for fact in vips}, stack.crm.name: _coordinator},
        needed=frozenset(fact.name for fact in vips),
        verdict=lambda spec, state: pacemaker_health(spec, state[stack.crm], state[CONTROLLERS_VIP], stack),
        steady=steady(stack),
        things=lambda spec, state: things(stack, spec, state),
        loads=_loads if vips else None,
        units=(Unit(UNIT, FILES, f"Corosync takes its settings over, on all {stack.title} at once"),),
        packages=_packages,
        secrets=() if stack is CONTROLLERS else (stack.authkey,),
        together=f"all at once: Corosync takes new settings over on all {stack.title} together",
    )


PACEMAKER, NETWORK_PACEMAKER = map(_layer, (CONTROLLERS, NETWORK))
