"""Bring the database back after all its nodes were down: the newest data first, and the others after it."""

from collections.abc import Sequence

from cluster.galera.gates import incomplete, is_primary, is_synced, retries
from cluster.galera.record import GaleraNode
from cluster.galera.recovery import (
    Evidence,
    doubts,
    forbidden,
    level,
    lost,
    replaced,
    table,
    why,
    with_data,
)
from cluster.galera.survivor import survivors
from cluster.haproxy.record import HAPROXY_STAT
from cluster.spec import Role
from cluster.state import Unknown
from engine.losses import told
from engine.runbook import Plan, View
from engine.survivor import survived
from operations.galera import nodes_of
from operations.galera_recovery import (
    arbitrated,
    bootstrapped,
    compared,
    gathered,
    rejoined,
    set_aside,
    stopped,
    whole,
)
from operations.steps import Step

PARAMETERS = {
    "force_from": "the node to begin with against the doubts; what the others have beyond its data is lost",
}

TITLE = "Bring the Galera cluster back"


def plan(view: View, force_from: str = "") -> Plan:
    hosts = view.cluster.names(Role.GALERA)
    if force_from and force_from not in hosts:
        return Plan(TITLE, refused=f"{force_from} is no database node: there are {', '.join(hosts)}.")
    nodes = nodes_of(hosts)
    if any(is_primary(node) for node in nodes.values()):
        return _rest(view, hosts, force_from)
    if alone := survivors(nodes):
        return survived(TITLE, view, nodes, alone, force_from, end=lambda left: _end(view, left))
    evidence = gathered(hosts, compare=True)
    if reason := forbidden(evidence, view.state[HAPROXY_STAT]):
        return Plan(TITLE, refused=reason, evidence=table(evidence))
    known = with_data(evidence)
    against = list(doubts(evidence))
    if not known and not against:
        refused = "No node has data of a cluster: there is nothing to recover. `pyinfra inventory.py deploy/galera.py`"
        return Plan(TITLE, refused=f"{refused} creates one.", evidence=table(evidence))
    if force_from:
        return _forced(view, hosts, evidence, force_from)
    if against:
        return Plan(TITLE, refused=_doubted(evidence, against), evidence=table(evidence))
    first = level(evidence)[0]
    return Plan(
        f"{TITLE}, beginning with {first}",
        _steps(view, hosts, evidence, first, forced=False),
        evidence=f"{table(evidence)}\n{why(evidence)}",
        expected="the database takes no writes now; it does as soon as the first node is bootstrapped",
        rests_on=("galera",),
        broken=_broken(view),
    )


def _doubted(evidence: Evidence, against: Sequence[str]) -> str:
    known = ", ".join(with_data(evidence))
    way = f" If you know better: `--force-from HOST` ({known}), and read what is lost by it." if known else ""
    return f"Nothing is bootstrapped: {'; '.join(against)}.{way}"


def _forced(view: View, hosts: Sequence[str], evidence: Evidence, chosen: str) -> Plan:
    if chosen not in with_data(evidence):
        reason = f"{chosen} has no data of a cluster that could be read: it can't be the one to begin with."
        return Plan(TITLE, refused=reason, evidence=table(evidence))
    doubted = "\n".join(f"  - {doubt}" for doubt in doubts(evidence)) or "  none"
    unread = [name for name, node in evidence.nodes.items() if isinstance(node, Unknown)]
    return Plan(
        f"{TITLE}, with the data of {chosen}",
        _steps(view, hosts, evidence, chosen, forced=True),
        evidence=f"{table(evidence)}\nDoubts:\n{doubted}\n{told(lost(evidence, chosen), unread)}",
        expected="the database takes no writes now; it does as soon as the first node is bootstrapped",
        typed=chosen,
        rests_on=("galera",),
        broken=_broken(view),
    )


def _steps(view: View, hosts: Sequence[str], evidence: Evidence, chosen: str, *, forced: bool) -> list[Step]:
    steps: list[Step] = []
    if tries := [name for name in hosts if retries(evidence.nodes[name])]:
        steps.append(stopped(hosts, tries))
    if not forced and len(level(evidence)) > 1 and not evidence.sums:
        steps.append(compared(hosts, evidence))
    given_up = replaced(evidence, chosen) if forced else []
    if given_up:
        steps.append(set_aside(given_up, chosen))
    steps.append(bootstrapped(hosts, view.cluster.names(Role.HAPROXY), chosen, evidence, forced=forced))
    others = [name for name in hosts if name != chosen and not isinstance(evidence.nodes[name], Unknown)]
    joins = [rejoined(hosts, name, replace=name in given_up) for name in others]
    return [*steps, *joins, *_end(view, [chosen, *others])]


def _end(view: View, members: Sequence[str]) -> list[Step]:
    arbitrator = view.cluster.galera.arbitrator
    ordered = [name for name in view.cluster.names(Role.GALERA) if name in members]
    last = whole(ordered, len(ordered) + (arbitrator is not None))
    started = arbitrated(ordered, arbitrator) if arbitrator else None
    return [started, last] if started else [last]


def _rest(view: View, hosts: Sequence[str], force_from: str) -> Plan:
    """There is a Primary component: the others join it; nothing is bootstrapped a second time."""
    nodes = nodes_of(hosts)
    members = [name for name, node in nodes.items() if is_primary(node)]
    if force_from and force_from not in members:
        reason = f"There is a Primary component ({', '.join(members)}): nothing is forced beside it."
        return Plan(TITLE, refused=f"{reason} Without --force-from the others join it.")
    known = {name: node for name, node in nodes.items() if isinstance(node, GaleraNode)}
    size = len(known) + (view.cluster.galera.arbitrator is not None)
    missing = sorted((name for name in known if not is_synced(known[name])), key=lambda name: not known[name].running)
    unread = [
        f"{name} can't be read, and does not join: {node.reason}"
        for name, node in nodes.items()
        if isinstance(node, Unknown)
    ]
    if not missing and incomplete(known, size) is None:
        return _whole(view, f"{len(known)} of {len(nodes)} Synced", unread)
    evidence = gathered([name for name in missing if not known[name].running])
    data = with_data(evidence)
    newest = max(known[name].seqno for name in members)
    uuid = known[members[0]].uuid
    beyond = [name for name, one in data.items() if one.uuid != uuid or one.seqno > newest]
    if beyond and not force_from:
        reason = f"{beyond[0]} has data that the cluster has not ({data[beyond[0]].uuid}:{data[beyond[0]].seqno}, "
        reason += f"the cluster is at {uuid}:{newest}). Find out whose are needed; to have them replaced: "
        return Plan(TITLE, refused=f"{reason}`--force-from {members[0]}`.", evidence=table(evidence))
    steps = [set_aside(beyond, members[0])] if beyond else []
    replace = missing if force_from else []
    lines = [f"There is a Primary component: {', '.join(members)}. The others join it.", *unread]
    if replace:
        lines.append(f"Whatever {', '.join(replace)} has of its own is lost.")
    return Plan(
        TITLE,
        [*steps, *(rejoined(hosts, name, replace=name in replace) for name in missing), *_end(view, list(known))],
        evidence="\n".join(lines),
        typed=force_from if replace else "",
        rests_on=("galera",),
        broken=_broken(view),
    )


def _whole(view: View, counted: str, unread: Sequence[str]) -> Plan:
    """Nothing is left to be brought back, or nothing that can be read."""
    broken = _broken(view)
    if unread and not broken:
        return Plan(TITLE, refused=f"Of the database {counted}: nothing is to be joined. {'; '.join(unread)}")
    said = f"The database is whole: {counted}." if not unread else f"{counted}; {'; '.join(unread)}"
    return Plan(TITLE, already=said, broken=broken)


def _broken(view: View) -> list[str]:
    return [one.run for one in view.broken if one.runbook == "recover_galera"]
