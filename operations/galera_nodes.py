"""A Galera node emptied of its sessions, restarted, and given back to the balancers: by hand, and by a deploy alike."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.galera.gates import incomplete, may_restart_galera, may_write
from cluster.galera.names import CHECK_UNIT, GALERA_BACKEND, GARB_UNIT
from cluster.galera.record import GaleraNode
from cluster.state import Unknown
from operations import servers
from operations.galera import SETTLE, arbitrator_service, join, nodes_of, restart_service, why_not_serving
from operations.hosts import shell, taking_part
from operations.procedure import Procedure, taken
from operations.starting import starting
from operations.steps import Refused, Step, refused, wait_for
from operations.traffic import carrying, may_leave, writers
from operations.writer import emptied, redirected, standby


def taken_out(hosts: Sequence[str], balancers: Sequence[str], vip: str, name: str, heir: str = "") -> list[Step]:
    """The steps after which `name` takes no sessions and has none; it is the writer where an `heir` is named."""
    if heir:
        return [
            redirected(hosts, balancers, vip, name, heir, leaves=True),
            emptied(hosts, balancers, vip, name, heir),
        ]
    return [
        Step(
            f"{name} takes no sessions",
            lambda: servers.empty(balancers, GALERA_BACKEND, name),
            precheck=lambda: may_leave(hosts, balancers, name),
            undo=lambda: servers.undrain(balancers, GALERA_BACKEND, name),
            on=name,
        )
    ]


def restarted(
    hosts: Mapping[str, str], size: int, balancers: Sequence[str], vip: str, name: str, writer: str, heir: str = ""
) -> list[Step]:
    """The steps that restart MariaDB on `name`, with no session on it meanwhile; `size` counts an arbitrator too.

    `hosts` maps each node to its address. `writer` is who has the sessions; if that is `name`, `heir` gets them.
    """
    names = list(hosts)

    def restart() -> None:
        restart_service(name)
        wait_for(lambda: incomplete(nodes_of(names), size), within=SETTLE)

    return [
        *taken_out(names, balancers, vip, name, heir if writer == name else ""),
        Step(
            f"MariaDB on {name} restarts",
            restart,
            precheck=lambda: may_restart_galera(nodes_of(names), name, size),
            verify=lambda: why_not_serving(name, hosts[name]),
            within=SETTLE,
            lasting="it was restarted",
            on=name,
        ),
        standby(balancers, name, heir if writer == name else writer, names),
    ]


def restarted_now(hosts: Mapping[str, str], size: int, balancers: Sequence[str], vip: str, name: str) -> list[Step]:
    """The same, for the writer and the heir that there are now; the balancers may not run yet."""
    proxies = carrying(balancers)
    now = sorted(writers(balancers))
    if len(now) > 1:
        raise Refused(f"the balancers do not agree on the writer ({', '.join(now)}): `hatui switchover writer` first.")
    writer, heir = (now[0] if now else ""), ""
    if writer == name:
        nodes = nodes_of(list(hosts))
        against = {other: may_write(nodes, proxies, other) for other in hosts if other != name}
        heir = next((other for other, reason in against.items() if reason is None), "")
        if not heir:
            raise Refused(
                f"{name} is the writer, and no other node can be: {'; '.join(filter(None, against.values()))}."
            )
    return restarted(hosts, size, list(proxies), vip, name, writer, heir)


def brought_back(
    hosts: Mapping[str, str], arbitrator: str | None, balancers: Sequence[str], vip: str, name: str
) -> None:
    """Let `name` run with the settings that lie on its disk: started where it is down, restarted where it is due."""
    node = nodes_of([name])[name]
    if not isinstance(node, GaleraNode):
        raise Refused(f"{name} can't be read: {node.reason}")
    if not node.running:
        join(list(hosts), name)
    elif node.service is not None and node.service.restart_due:
        size = len(hosts) + (arbitrator is not None)
        taken(restarted_now(hosts, size, balancers, vip, name))
    if node.check is not None and node.check.restart_due:
        _restart_check(hosts, name)


@operation()
def rolled(
    hosts: Mapping[str, str], arbitrator: str | None, balancers: Sequence[str], vip: str
) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, one node at a time, the writer last, each behind its gate.

    Only hosts of this run; the gates look at all. `hosts` maps each to its address; the `balancers` share `vip`. The
    responder, whose restart costs nobody a session, goes first, then the arbitrator.
    """
    size = len(hosts) + (arbitrator is not None)
    nodes = nodes_of(list(hosts))
    known = {name: node for name, node in nodes.items() if isinstance(node, GaleraNode)}
    here = set(taking_part([*hosts, *([arbitrator] if arbitrator else [])]))
    for name, node in known.items():
        if name in here and node.check is not None and node.check.restart_due:
            yield Step(f"{name}: restart the health responder", partial(_restart_check, hosts, name), on=name)
    if arbitrator is not None and arbitrator in here:
        garb = arbitrator_service(arbitrator)
        if garb is not None and garb.restart_due:
            act = partial(_restart_arbitrator, hosts, arbitrator, size)
            yield Step(f"{arbitrator}: restart the arbitrator", act, on=arbitrator)
    due = [name for name, node in known.items() if name in here and node.service and node.service.restart_due]
    if not due:
        return
    unknown = [f"{name} ({node.reason})" for name, node in nodes.items() if isinstance(node, Unknown)]
    if unknown:
        yield refused("Restart MariaDB", f"{', '.join(due)} must be restarted, but {unknown[0]} can't be read.")
        return
    try:
        last = writers(balancers)
    except Refused as refusal:
        yield refused("Restart MariaDB", str(refusal))
        return
    for name in sorted(due, key=lambda name: name in last):
        steps = partial(restarted_now, hosts, size, balancers, vip, name)
        yield Procedure(f"{name}: restart MariaDB", steps, on=name)


def _restart_check(hosts: Mapping[str, str], name: str) -> None:
    with starting(name, CHECK_UNIT):
        shell(name, f"systemctl daemon-reload; systemctl restart {CHECK_UNIT}")
    wait_for(lambda: why_not_serving(name, hosts[name]), within=10)


def _restart_arbitrator(hosts: Mapping[str, str], arbitrator: str, size: int) -> None:
    if reason := incomplete(nodes_of(list(hosts)), size):
        raise Refused(f"the arbitrator is not restarted: {reason}.")
    shell(arbitrator, f"systemctl daemon-reload; systemctl restart {GARB_UNIT}", timeout=130)
    wait_for(lambda: incomplete(nodes_of(list(hosts)), size), within=SETTLE)
