"""Galera after a total outage, as steps: stop what only tries, begin with one node, let the others join one by one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from cluster.galera.gates import Nodes, incomplete, is_primary, is_synced, may_join, retries
from cluster.galera.names import DATA, PROCESSES, STATE_FILE, UNIT
from cluster.galera.record import GaleraNode
from cluster.galera.recovery import Evidence, doubts, forbidden, level, moved, with_data
from cluster.galera.recovery_record import GaleraPosition
from cluster.haproxy.record import ProxyNode
from cluster.state import Unknown
from facts.galera_recovery import COMPARE, POSITION, TablespacePosition, TableSums
from facts.haproxy import HaproxyStat
from operations.galera import (
    NEW_CLUSTER,
    SETTLE,
    TRANSFER,
    arbitrator_service,
    join,
    nodes_of,
    start_arbitrator,
    why_not_join,
)
from operations.hosts import look_all, shell, shell_all
from operations.service import or_last_words
from operations.steps import Refused, Step

STOP = 5
"""Seconds that a server which only tries to start gets to end; one that waits for its former members never does. It
never served, so it may be killed: what it has is on disk."""

_BOOTSTRAP = "systemd-run --quiet --wait --collect --unit=hatui-galera-bootstrap galera_new_cluster"
_OLD = f"{STATE_FILE}.hatui-old"
_NEW = f"{STATE_FILE}.hatui-new"
_ASIDE = f"{STATE_FILE}.hatui-set-aside"

_STOP = f"""
systemctl --no-block stop {UNIT}
for try in $(seq {2 * STOP}); do
    case "$(systemctl show --property=ActiveState --value {UNIT})" in inactive|failed) break;; esac
    sleep 0.5
done
pidof {PROCESSES} >/dev/null && systemctl kill -s KILL {UNIT}
for try in $(seq 20); do pidof {PROCESSES} >/dev/null || break; sleep 0.5; done
systemctl stop {UNIT}; systemctl reset-failed {UNIT} 2>/dev/null; rm -f {NEW_CLUSTER}
! pidof {PROCESSES} >/dev/null
"""


def gathered(hosts: Sequence[str], *, compare: bool = False) -> Evidence:
    """The evidence of all `hosts`, read now. With `compare`, the data of those that are level at the top, too."""
    nodes = nodes_of(hosts)
    # A server that runs has no position to be read, and must not be asked for one.
    known = {name: node for name, node in nodes.items() if isinstance(node, GaleraNode)}
    idle = [name for name, node in known.items() if not node.running or retries(node)]
    read = look_all(idle, TablespacePosition, within=POSITION + 15)
    positions: dict[str, GaleraPosition | Unknown] = {
        name: read.get(name, node if isinstance(node, Unknown) else Unknown("its server runs"))
        for name, node in nodes.items()
    }
    evidence = Evidence(nodes, positions)
    top = level(evidence)
    if compare and len(top) > 1 and not any(retries(nodes[name]) for name in top):
        return Evidence(nodes, positions, look_all(top, TableSums, within=COMPARE + 60))
    return evidence


def proxies_of(balancers: Sequence[str]) -> Mapping[str, ProxyNode | Unknown]:
    """What the balancers see, read now."""
    return look_all(balancers, HaproxyStat)


def stopped(hosts: Sequence[str], names: Sequence[str]) -> Step:
    """The servers on `names`, which are started again and again in vain, are stopped, so that their data hold still."""

    def why_not() -> str | None:
        nodes = nodes_of(hosts)
        if member := _primary(nodes):
            return f"{member} is in a Primary component by now: run this again, it lets the others join."
        return None

    def act() -> None:
        shell_all(names, _STOP, timeout=STOP + 60)

    def undo() -> None:
        if _primary(nodes_of(hosts)) is None:
            shell_all(names, f"systemctl --no-block start {UNIT}")

    def running() -> str | None:
        left = [name for name, node in nodes_of(names).items() if not isinstance(node, GaleraNode) or node.running]
        return f"{left[0]} still runs its server, or can't be read" if left else None

    return Step(
        f"Stop MariaDB on {', '.join(names)}: it tries in vain",
        act,
        precheck=why_not,
        verify=running,
        within=10,
        undo=undo,
    )


def _primary(nodes: Nodes) -> str | None:
    return next((name for name, node in nodes.items() if is_primary(node)), None)


def compared(hosts: Sequence[str], before: Evidence) -> Step:
    """The data of the nodes that are level are alike; refused, with the tables, where they are not."""

    def act() -> None:
        now = gathered(hosts, compare=True)
        if reason := moved(before, now) or next(doubts(now), None):
            raise Refused(f"Nothing is bootstrapped: {reason}.")

    def nothing() -> None:
        """Only looked at."""

    return Step(f"Compare the data of {', '.join(level(before))}, which are level", act, undo=nothing)


def set_aside(names: Sequence[str], chosen: str) -> Step:
    """The state files of `names` are set aside, so that a full transfer replaces their data by those of `chosen`."""
    there = f"[ -e {STATE_FILE} ]"

    def act() -> None:
        shell_all(names, f"! {there} || mv -f {STATE_FILE} {_ASIDE}")

    def undo() -> None:
        shell_all(names, f"{there} || [ ! -e {_ASIDE} ] || mv -f {_ASIDE} {STATE_FILE}")

    def why_not() -> str | None:
        running = [name for name, node in nodes_of(names).items() if not isinstance(node, GaleraNode) or node.running]
        return f"{running[0]} runs its server, or can't be read" if running else None

    return Step(
        f"Give up the data of {', '.join(names)}: {chosen}'s replace them",
        act,
        precheck=why_not,
        undo=undo,
    )


def bootstrapped(
    hosts: Sequence[str], balancers: Sequence[str], chosen: str, before: Evidence, *, forced: bool
) -> Step:
    """`chosen` becomes the first member of the cluster, if all is still as in the evidence."""
    position = with_data(before)[chosen]

    def why_not() -> str | None:
        now = gathered(hosts)
        if reason := forbidden(now, proxies_of(balancers)) or moved(before, now):
            return reason
        if tries := [name for name, node in now.nodes.items() if retries(node)]:
            return f"{tries[0]} is being started again: run this again, it is stopped first."
        if not forced and chosen not in (top := level(now)):
            return f"{', '.join(top)} has newer data than {chosen} by now: run this again."
        return None if forced else next(doubts(now), None)

    def act() -> None:
        state = f"# GALERA saved state\nversion: 2.1\nuuid:    {position.uuid}\nseqno:   -1\nsafe_to_bootstrap: 1\n"
        shell(
            chosen,
            # The server takes the seqno from its tablespace. A unit of its own: galera_new_cluster must not be torn
            # away between its two halves by a connection that breaks.
            "set -e; umask 027; "
            f"[ ! -e {STATE_FILE} ] || cp -p {STATE_FILE} {_OLD}; printf %s {shlex.quote(state)} >{_NEW}; "
            f"chown mysql:mysql {_NEW}; sync {_NEW}; mv {_NEW} {STATE_FILE}; "
            f"systemctl reset-failed {UNIT} 2>/dev/null || true; " + or_last_words(_BOOTSTRAP, UNIT, data=DATA),
            timeout=TRANSFER,
        )

    def verify() -> str | None:
        return None if is_synced(nodes_of([chosen])[chosen]) else f"{chosen} is not Synced in a Primary component"

    return Step(
        f"Bootstrap the cluster on {chosen}",
        act,
        precheck=why_not,
        verify=verify,
        within=SETTLE,
        lasting=f"{chosen} is the cluster now; run this again for the others to join it",
    )


def rejoined(hosts: Sequence[str], name: str, *, replace: bool) -> Step:
    """`name` joins, and is Synced; with `replace` its data may be replaced."""

    def why_not() -> str | None:
        nodes = nodes_of(hosts)
        node = nodes[name]
        if isinstance(node, GaleraNode) and node.running:
            return None
        return may_join(nodes, {}, name) if replace else why_not_join(nodes, name)

    def verify() -> str | None:
        return None if is_synced(nodes_of([name])[name]) else f"{name} is not Synced"

    return Step(
        f"{name} joins the cluster",
        lambda: join(hosts, name, replace=replace),
        precheck=why_not,
        verify=verify,
        within=SETTLE,
        lasting="it stays a member",
    )


def arbitrated(hosts: Sequence[str], arbitrator: str) -> Step | None:
    """The arbitrator is started; None if it runs, and so comes back by itself."""
    garb = arbitrator_service(arbitrator)
    if garb is not None and garb.active in ("active", "activating"):
        return None
    return Step(
        f"{arbitrator} joins as arbitrator", lambda: start_arbitrator(hosts, arbitrator), lasting="it stays a member"
    )


def whole(hosts: Sequence[str], size: int) -> Step:
    """All of `hosts` are Synced in one configuration of `size`."""

    def nothing() -> None:
        """Only looked at."""

    return Step(
        f"{', '.join(hosts)} agree on one cluster of {size}",
        nothing,
        verify=lambda: incomplete(nodes_of(hosts), size),
        within=SETTLE,
        undo=nothing,
    )
