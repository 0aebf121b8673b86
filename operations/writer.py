"""The database's writer, moved from one Galera node to another on all balancers as one."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.galera.gates import may_write, takes_no_sessions
from cluster.galera.names import GALERA_BACKEND
from cluster.galera.record import GaleraNode
from cluster.haproxy.gates import writers_of
from facts.galera import WsrepStatus
from facts.haproxy import HaproxyStat
from operations import servers
from operations.hosts import look_all
from operations.servers import DRAIN, RISE
from operations.steps import Refused, Step, refused, wait_for
from operations.traffic import carrying, may_leave, writers

GAP = 0.5
"""Seconds for which new sessions may wait while the writer moves."""
CATCH_UP = 5
"""Seconds in which the new writer must have applied what the former one had committed when it was asked."""


@operation()
def settled(nodes: Sequence[str], balancers: Sequence[str], vip: str) -> Generator[PyinfraCommand, None, None]:
    """Name a writer where the balancers have none yet: the first sessions need not wait until one is found."""
    try:
        if writers(balancers) or not (running := list(carrying(balancers))):
            return
    except Refused as refusal:
        yield refused("A writer", str(refusal))
        return
    yield first(nodes, running, vip)


def first(nodes: Sequence[str], balancers: Sequence[str], vip: str) -> Step:
    """The step that makes the first node that may be it the writer, as soon as the balancers' checks have found one."""

    def choose() -> str | None:
        statuses, proxies = look_all(nodes, WsrepStatus), look_all(balancers, HaproxyStat)
        against = {name: may_write(statuses, proxies, name) for name in nodes}
        ready = [name for name, reason in against.items() if reason is None]
        if not ready:
            return f"no node may be the writer: {'; '.join(filter(None, against.values()))}"
        servers.choose(balancers, GALERA_BACKEND, vip, ready[0])
        return None

    return Step(
        "The balancers have a writer",
        lambda: wait_for(choose, within=RISE),
        verify=lambda: None if writers(balancers) else "the balancers have no writer",
    )


def moved(nodes: Sequence[str], balancers: Sequence[str], vip: str, origins: Sequence[str], target: str) -> list[Step]:
    """The steps that make `target` the writer instead of `origins`; without any there is none yet."""
    if not origins:
        return [chosen(nodes, balancers, vip, target)]
    left = [
        step
        for origin in origins
        for step in (redirected(nodes, balancers, vip, origin, target), emptied(nodes, balancers, vip, origin, target))
    ]
    return [*left, *(standby(balancers, origin, target) for origin in origins)]


def chosen(nodes: Sequence[str], balancers: Sequence[str], vip: str, target: str) -> Step:
    """The step that names a writer where no session has come yet, so that the balancers have none."""
    return Step(
        f"{target} is the writer",
        lambda: servers.choose(balancers, GALERA_BACKEND, vip, target),
        precheck=lambda: why_not_write(nodes, balancers, target),
        verify=lambda: not_the_writer(balancers, target),
        lasting=f"{target} is the writer",
        on=target,
    )


def redirected(
    nodes: Sequence[str], balancers: Sequence[str], vip: str, origin: str, target: str, *, leaves: bool = False
) -> Step:
    """The step after which new sessions go to `target`. `origin` `leaves` where the others must do without it then."""

    def why_not() -> str | None:
        reason = may_leave(nodes, balancers, origin) if leaves else None
        return reason or why_not_write(nodes, balancers, target)

    def act() -> None:
        # A client that comes back must find what was acknowledged to it.
        _catch_up(origin, target)
        servers.keep_away(balancers, GALERA_BACKEND, origin, target)

    return Step(
        f"New sessions go to {target}",
        act,
        precheck=why_not,
        verify=lambda: not_the_writer(balancers, target),
        undo=lambda: _restored(nodes, balancers, vip, origin),
        on=target,
    )


def emptied(nodes: Sequence[str], balancers: Sequence[str], vip: str, origin: str, target: str) -> Step:
    """The step in which the sessions on `origin` end, or are cut."""
    return Step(
        f"Sessions on {origin} end, or are cut after {DRAIN} s",
        lambda: servers.end_sessions(balancers, GALERA_BACKEND, origin, DRAIN),
        verify=lambda: not_the_writer(balancers, target),
        within=DRAIN,
        undo=lambda: _restored(nodes, balancers, vip, origin),
        on=origin,
    )


def standby(balancers: Sequence[str], host: str, writer: str, others: Sequence[str] = ()) -> Step:
    """The step after which `host` may take sessions again, and takes none while `writer` is there.

    `others` may take them too then: a node that was a donor to `host` is out for a moment by that alone.
    """

    def why_not() -> str | None:
        proxies = carrying(balancers)
        against = (takes_no_sessions(proxies, name) for name in (host, *others))
        reason = next((found for found in against if found), None)
        return reason or (not_the_writer(balancers, writer) if writer else None)

    return Step(
        f"{host} stands by",
        lambda: servers.undrain(balancers, GALERA_BACKEND, host),
        verify=why_not,
        within=RISE,
        lasting=f"{host} may take sessions again",
        on=host,
    )


def why_not_write(nodes: Sequence[str], balancers: Sequence[str], target: str) -> str | None:
    """Why `target` must not become the writer now."""
    return may_write(look_all(nodes, WsrepStatus), look_all(balancers, HaproxyStat), target)


def not_the_writer(balancers: Sequence[str], target: str) -> str | None:
    """Why `target` is not the one that all balancers send new sessions to, or None if it is."""
    now = writers(balancers)
    return None if now == {target} else f"the writer is {', '.join(sorted(now)) or 'nobody'}, not {target}"


def _catch_up(origin: str, target: str) -> None:
    """Wait until `target` has applied what `origin` has committed by now. An origin that is silent has no clients."""
    one = look_all([origin], WsrepStatus)[origin]
    if not isinstance(one, GaleraNode) or not one.running or not one.answers:
        return

    def why_not() -> str | None:
        other = look_all([target], WsrepStatus)[target]
        if not isinstance(other, GaleraNode):
            return f"{target} can't be read: {other.reason}"
        return None if other.seqno >= one.seqno else f"{target} has applied {other.seqno} of {one.seqno} write sets"

    wait_for(why_not, within=CATCH_UP, every=0.05)


def _restored(nodes: Sequence[str], balancers: Sequence[str], vip: str, origin: str) -> None:
    """Give `origin` back to the balancers, as the writer if it may be that; to those that can be told in any case."""
    told, failure = servers.give_back(balancers, GALERA_BACKEND, origin)
    if set(writers_of(look_all(told, HaproxyStat)).values()) != {origin}:
        if reason := may_write(look_all(nodes, WsrepStatus), look_all(told, HaproxyStat), origin):
            raise Refused(f"{origin} may take sessions, and another stays the writer: {failure or reason}")
        servers.choose(told, GALERA_BACKEND, vip, origin)
    if reason := failure or not_the_writer(balancers, origin):
        raise Refused(reason)
