"""Pacemaker: the controllers' resources, their VIP among them, and fencing; Corosync is deployed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.corosync.names import FILES, UNIT
from cluster.layer import MOST, Claim, Layer, Load, Unit
from cluster.pacemaker.checks import checks
from cluster.pacemaker.record import CONTROLLERS_VIP, CRM_MON, CrmStatus
from cluster.pacemaker.steady import STEADY
from cluster.pacemaker.things import things
from cluster.pacemaker.verdict import pacemaker_health
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from cluster.vip import held_claim, owners


def _controller(_: Cluster, __: str, record: Any) -> Claim | None:
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


PACEMAKER = Layer(
    name="pacemaker",
    roles=(Role.CONTROLLER,),
    checks=checks,
    facts=(CONTROLLERS_VIP, CRM_MON),
    claims={CONTROLLERS_VIP.name: _owner, CRM_MON.name: _controller},
    needed=frozenset({CONTROLLERS_VIP.name}),
    verdict=lambda spec, state: pacemaker_health(spec, state[CRM_MON], state[CONTROLLERS_VIP]),
    steady=STEADY,
    things=things,
    loads=_loads,
    units=(Unit(UNIT, FILES, "Corosync takes its settings over, on all controllers at once"),),
    packages=_packages,
    together="all at once: Corosync takes new settings over on all controllers together",
)
