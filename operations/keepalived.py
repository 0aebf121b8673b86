"""Keepalived: new settings for one balancer at a time, the VIP's owner last."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.keepalived.gates import may_reload_keepalived, not_one_owner
from cluster.keepalived.names import UNIT
from cluster.state import runs
from cluster.vip import VipNode, owners
from facts.haproxy import HaproxyStat
from facts.keepalived import VrrpOwner
from operations.hosts import look_all, shell, taking_part
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Refused, Step, wait_for

SETTLE = 10
"""Seconds until one balancer holds the VIP after keepalived started or was reloaded."""


@operation()
def reloaded(balancers: Sequence[str], vip: str) -> Generator[PyinfraCommand, None, None]:
    """Give keepalived its new settings where it runs with former ones, on the hosts of this run."""
    seen = look_all(balancers, VrrpOwner)
    due = [
        name
        for name in taking_part(balancers)
        if isinstance(node := seen[name], VipNode) and node.keepalived is not None and node.keepalived.restart_due
    ]
    for name in sorted(due, key=lambda name: name in owners(seen, vip)):
        yield Step(f"{name}: reload keepalived", partial(_reload, balancers, vip, name), on=name)


def brought_back(balancers: Sequence[str], vip: str, name: str) -> None:
    """Let keepalived on `name` run with the settings that lie on its disk: started, or reloaded where that is due."""
    node = look_all([name], VrrpOwner)[name]
    if not isinstance(node, VipNode):
        raise Refused(f"{name} can't be asked: {node.reason}")
    reload = runs(node.keepalived)
    if not reload or (node.keepalived is not None and node.keepalived.restart_due):
        do = or_last_words(f"systemctl {'reload' if reload else 'start'} {UNIT}", UNIT)
        with starting(name, UNIT):
            shell(name, f"systemctl daemon-reload; systemctl reset-failed {UNIT} 2>/dev/null; {do}")
        _await_owner(balancers, vip)


def _reload(balancers: Sequence[str], vip: str, name: str) -> None:
    proxies = look_all(balancers, HaproxyStat)
    if reason := may_reload_keepalived(look_all(balancers, VrrpOwner), proxies, name, vip):
        raise Refused(reason)
    shell(name, f"systemctl daemon-reload; {or_last_words(f'systemctl reload {UNIT}', UNIT)}")
    _await_owner(balancers, vip)


@operation()
def owned(balancers: Sequence[str], vip: str) -> Generator[PyinfraCommand, None, None]:
    """See that exactly one balancer holds the VIP; wait for it where keepalived has just started."""
    if not_one_owner(look_all(balancers, VrrpOwner), vip):
        yield Step(f"One owner of {vip}", lambda: _await_owner(balancers, vip))


def _await_owner(balancers: Sequence[str], vip: str) -> None:
    wait_for(lambda: not_one_owner(look_all(balancers, VrrpOwner), vip), within=SETTLE)
