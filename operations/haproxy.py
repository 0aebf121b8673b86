"""HAProxy: new settings for one balancer at a time, the VIP's owner last."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.haproxy.gates import may_reload_haproxy, not_taken_over, why_not_serving
from cluster.haproxy.names import UNIT
from cluster.haproxy.record import ProxyNode
from cluster.state import runs
from cluster.text import clean
from cluster.vip import owners
from facts.base import STAMPS
from facts.haproxy import HaproxyStat
from facts.keepalived import VrrpOwner
from operations import servers
from operations.hosts import look_all, shell, taking_part
from operations.service import last_words, now, or_last_words
from operations.starting import starting
from operations.steps import Refused, Step, wait_for

TAKE_OVER = 15
"""Seconds in which a new worker must answer and have found its servers."""


@operation()
def reloaded(balancers: Sequence[str], vip: str) -> Generator[PyinfraCommand, None, None]:
    """Reload HAProxy where it runs with former settings, one balancer at a time, the owner of `vip` last.

    Only those of this run.
    """
    seen = look_all(balancers, HaproxyStat)
    here = taking_part(balancers)
    due = [name for name in here if isinstance(node := seen[name], ProxyNode) and node.service.restart_due]
    if not due:
        return
    last = owners(look_all(balancers, VrrpOwner), vip)
    for name in sorted(due, key=lambda name: name in last):
        yield Step(f"{name}: reload HAProxy", partial(_reload, balancers, name), on=name)


def brought_back(balancers: Sequence[str], name: str) -> None:
    """Let HAProxy on `name` run with the settings that lie on its disk: started, or reloaded where that is due."""
    node = look_all([name], HaproxyStat)[name]
    if not isinstance(node, ProxyNode):
        raise Refused(f"{name} can't be asked: {node.reason}")
    if not runs(node.service):
        start = or_last_words(f"systemctl start {UNIT}", UNIT)
        with starting(name, UNIT):
            shell(name, f"systemctl daemon-reload; systemctl reset-failed {UNIT} 2>/dev/null; {start}")
        wait_for(lambda: why_not_serving(name, look_all([name], HaproxyStat)[name]), within=TAKE_OVER)
    elif node.service.restart_due:
        _reload(balancers, name)


def _reload(balancers: Sequence[str], name: str) -> None:
    before = look_all(balancers, HaproxyStat)
    if reason := may_reload_haproxy(before, name):
        raise Refused(reason)
    servers.keep(name)
    since = shell(name, now()).strip()
    shell(name, f"systemctl daemon-reload; {or_last_words(f'systemctl reload {UNIT}', UNIT)}")
    try:
        wait_for(lambda: not_taken_over(before[name], name, look_all([name], HaproxyStat)[name]), within=TAKE_OVER)
    except Refused as refusal:
        # The unit stamped a reload that its program did not take: it stays due.
        said = shell(name, f"rm -f {STAMPS}/{UNIT}; {last_words(UNIT, since)}; true")
        raise Refused(f"{refusal}. {clean(said, 400)}") from refusal
