"""A load balancer's HAProxy or keepalived restarted, with the VIP elsewhere while it is."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy import names as haproxy
from cluster.haproxy.gates import why_not_serving
from cluster.haproxy.record import ProxyNode
from cluster.keepalived import names as keepalived
from cluster.keepalived.gates import may_own
from cluster.vip import owners
from facts.haproxy import HaproxyStat
from facts.keepalived import VrrpOwner
from operations.hosts import look_all, shell
from operations.starting import starting
from operations.steps import Step
from operations.vip import gives_up, handover, returns

UNITS = {"haproxy": haproxy.UNIT, "keepalived": keepalived.UNIT}
START = 20
"""Seconds in which a balancer must serve as the others do."""


def restarted(balancers: Sequence[str], vip: str, name: str, layer: str) -> list[Step]:
    """The step that restarts `layer` (haproxy or keepalived) on `name`, which does not own the VIP."""
    return [
        Step(
            f"{layer} on {name} restarts",
            lambda: _restart(name, UNITS[layer]),
            precheck=lambda: _why_not_restart(balancers, vip, name),
            verify=lambda: _not_ready(balancers, name),
            within=START,
            lasting="it was restarted",
            on=name,
        )
    ]


def restarted_owner(balancers: Sequence[str], vip: str, owner: str, heir: str, layer: str) -> list[Step]:
    """The steps that hand the VIP to `heir`, and restart `layer` on its former owner."""
    raised, *_ = handover(balancers, vip, owner, heir)
    return [
        raised,
        *gives_up(balancers, vip, owner, heir),
        *restarted(balancers, vip, owner, layer),
        *returns(balancers, vip, owner),
    ]


def _restart(name: str, unit: str) -> None:
    with starting(name, unit):
        shell(name, f"systemctl daemon-reload; systemctl restart {unit}", timeout=60)


def _why_not_restart(balancers: Sequence[str], vip: str, name: str) -> str | None:
    vips = look_all(balancers, VrrpOwner)
    now = owners(vips, vip)
    if len(now) != 1 or name in now:
        return f"{name} is not restarted: {vip} is on {', '.join(now) or 'nobody'}."
    proxies = look_all(balancers, HaproxyStat)
    if reason := why_not_serving(now[0], proxies[now[0]]):
        return f"{name} is not restarted: {reason}."
    return None


def _not_ready(balancers: Sequence[str], name: str) -> str | None:
    """Why `name` is not as good as the others, or None. What has not been checked yet is not counted as UP."""
    proxies = look_all(balancers, HaproxyStat)
    own = proxies[name]
    if isinstance(own, ProxyNode):
        unchecked = [f"{one.backend}/{one.name}" for one in own.servers if one.check.startswith("INI")]
        if unchecked:
            return f"{name} has not checked {', '.join(unchecked)} yet"
    vips = look_all(balancers, VrrpOwner)
    return may_own(vips, proxies, name)
