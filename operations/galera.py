"""The Galera cluster: created on evidence, joined one node at a time, each behind its gate."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.galera.gates import (
    Nodes,
    incomplete,
    is_primary,
    is_synced,
    may_bootstrap,
    may_join,
)
from cluster.galera.names import DATA, GALERA_CHECK_PORT, GARB_CONFIG, GARB_UNIT, UNIT
from cluster.galera.record import GaleraNode
from cluster.state import ServiceState, Unknown
from cluster.text import clean
from facts.base import Services
from facts.galera import UserDatabases, WsrepStatus
from facts.galera_recovery import TablespacePosition
from operations.hosts import look, look_all, shell
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Refused, Step, refused, wait_for

TRANSFER = 1800
"""Seconds that a state transfer may take."""
SETTLE = 60
"""Seconds until a node that has started is Synced and answered for."""
RETURN = 20
"""Seconds in which a node that runs outside of the Primary component may come back by itself."""

NEW_CLUSTER = "/run/mariadb-wsrep-new-cluster"
"""What galera_new_cluster tells the unit by, as long as the first node starts."""


_RESTART = or_last_words(f"systemctl restart {UNIT}", UNIT, data=DATA)


def nodes_of(hosts: Sequence[str]) -> Nodes:
    """Every host's record, read now."""
    return look_all(hosts, WsrepStatus)


@operation()
def created(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """See to it that there is a Primary component: create the cluster on the first of `hosts` if none ever existed.

    Looks at all `hosts`, those outside of this run too. Refused, with the evidence, in any case of doubt.
    """
    nodes = nodes_of(hosts)
    if any(is_primary(node) for node in nodes.values()):
        return
    if reason := _why_not_create(hosts, nodes):
        yield refused("Create the Galera cluster", reason)
    else:
        yield Step(f"Create the Galera cluster on {hosts[0]}", lambda: _create(hosts))


def _why_not_create(hosts: Sequence[str], nodes: Nodes) -> str | None:
    seen = look_all(hosts, UserDatabases)
    databases = {name: found for name, found in seen.items() if isinstance(found, tuple)}
    return may_bootstrap(nodes, databases, hosts[0])


def _create(hosts: Sequence[str]) -> None:
    if reason := _why_not_create(hosts, nodes_of(hosts)):
        raise Refused(reason)
    first = hosts[0]
    shell(first, f"systemctl daemon-reload; systemctl enable -q {UNIT}; systemctl reset-failed {UNIT} 2>/dev/null; "
          f"{or_last_words('galera_new_cluster', UNIT, data=DATA)}", timeout=300)  # fmt: skip
    wait_for(lambda: None if is_synced(nodes_of([first])[first]) else f"{first} is not Synced", within=SETTLE)


@operation()
def joined(hosts: Sequence[str], arbitrator: str | None) -> Generator[PyinfraCommand, None, None]:
    """Start every node that is down, one at a time, each until it is Synced and all agree on the membership.

    A node that runs and is not Synced is waited for. One that can't be reached is left to the gates of what follows.
    The arbitrator comes last; it is started from here because pyinfra orders the operations of one host, not those of
    different hosts.
    """
    nodes = nodes_of(hosts)
    for name, node in nodes.items():
        if isinstance(node, Unknown):
            continue
        service = node.service
        if service is not None and (service.reload_due or not service.enabled):
            yield Step(f"{name}: MariaDB starts at boot", partial(_enable, name), on=name)
        if not node.running or node.standalone:
            yield Step(f"{name} joins the Galera cluster", partial(join, hosts, name), on=name)
        elif not is_synced(node):
            yield Step(f"{name} becomes Synced", partial(await_return, hosts, name), on=name)

    if arbitrator is not None:
        garb = arbitrator_service(arbitrator)
        if garb is None or garb.active != "active" or not garb.enabled:
            yield Step(f"{arbitrator} joins as arbitrator", lambda: start_arbitrator(hosts, arbitrator))


def arbitrator_service(arbitrator: str) -> ServiceState | None:
    """The arbitrator's unit; None if its host can't be asked."""
    seen = look_all([arbitrator], Services, units={GARB_UNIT: (GARB_CONFIG,)})[arbitrator]
    found = seen.get(GARB_UNIT) if isinstance(seen, dict) else None
    return found if isinstance(found, ServiceState) else None


def start_arbitrator(hosts: Sequence[str], arbitrator: str) -> None:
    """Start the arbitrator, until all members count it."""
    shell(
        arbitrator,
        f"systemctl daemon-reload; systemctl enable -q {GARB_UNIT}; systemctl restart {GARB_UNIT}",
        timeout=150,
    )
    wait_for(lambda: incomplete(nodes_of(hosts), len(hosts) + 1), within=SETTLE)


def _enable(name: str) -> None:
    shell(name, f"systemctl daemon-reload; systemctl enable -q {UNIT}")


def join(hosts: Sequence[str], name: str, *, replace: bool = False) -> None:
    """Start `name` as a joiner, until it is Synced; one that is being started already is waited for.

    Refused where that would replace data, unless `replace`: they were agreed to be replaced.
    """
    nodes = nodes_of(hosts)
    node = nodes[name]
    if is_synced(node):
        return
    if isinstance(node, GaleraNode) and node.running and not node.standalone:
        await_return(hosts, name)
        return
    if reason := may_join(nodes, {}, name) if replace else why_not_join(nodes, name):
        raise Refused(reason)
    with starting(name, UNIT):
        shell(
            name,
            # What a killed galera_new_cluster leaves would make this a second cluster.
            f"rm -f {NEW_CLUSTER}; systemctl reset-failed {UNIT} 2>/dev/null; {_RESTART}",
            timeout=TRANSFER,
        )
    _await_synced(hosts, name, SETTLE)


def why_not_join(nodes: Nodes, name: str) -> str | None:
    """Why `name` must not be started as a joiner, or None if it may: what a state transfer would replace is looked at.

    Where its state file names no cluster and there are databases, its tablespace is asked whose they are.
    """
    databases, node = look_all([name], UserDatabases), nodes[name]
    nameless = isinstance(node, GaleraNode) and not node.running and not node.uuid and bool(databases[name])
    return may_join(nodes, databases, name, look(name, TablespacePosition) if nameless else None)


def await_return(hosts: Sequence[str], name: str) -> None:
    """Wait for `name`, whose server runs, to be Synced: as long as a state transfer takes, if it may receive one."""
    node = nodes_of([name])[name]
    transfers = isinstance(node, GaleraNode) and node.state.startswith("Join")
    _await_synced(hosts, name, TRANSFER if transfers else RETURN)


def _await_synced(hosts: Sequence[str], name: str, within: float) -> None:
    """Wait until `name` is Synced and every member of the Primary component sees the same one."""

    def why_not() -> str | None:
        nodes = nodes_of(hosts)
        node = nodes[name]
        if not is_synced(node):
            return incomplete({name: node}, 0) or f"{name} is not Synced"
        members = [other for other in nodes.values() if isinstance(other, GaleraNode) and is_primary(other)]
        if len({(other.uuid, other.conf_id) for other in members}) > 1:
            return "the members do not agree on the configuration"
        return None

    wait_for(why_not, within=within)


_ASK = """
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=3)
except urllib.error.HTTPError as answer:
    print(answer.read(200).decode(errors="replace").strip())
except OSError as error:
    print("no answer:", error)
"""


def why_not_serving(name: str, address: str) -> str | None:
    """What `name`'s health responder says against sessions, or None when it answers 200."""
    url = f"http://{address}:{GALERA_CHECK_PORT}/"
    said = clean(shell(name, f"python3 -I -c {shlex.quote(_ASK)} {shlex.quote(url)}", timeout=10))
    return f"{name} must not take sessions: {said}" if said else None


def restart_service(name: str) -> None:
    """Restart MariaDB's unit on `name`; a state transfer is part of it. Refused with what its journal says."""
    with starting(name, UNIT):
        shell(name, f"systemctl daemon-reload; {_RESTART}", timeout=TRANSFER)
