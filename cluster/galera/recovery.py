"""Galera after a total outage: which node has the newest data, what speaks against taking it, and what would be lost.

What forbids it altogether is told apart from a doubt, which a person who knows more may override.

Source: lesson 10 of those that others paid for (LP#1682153: the seqno alone was compared, an old node was taken, and
newer data were overwritten).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cluster.galera.gates import Nodes, is_primary, may_run, retries
from cluster.galera.names import GALERA_BACKEND
from cluster.galera.record import GaleraNode
from cluster.galera.recovery_record import GaleraPosition, Sums
from cluster.haproxy.record import ProxyNode
from cluster.state import Unknown
from cluster.text import columns

SHOWN = 5
"""Tables that a sentence names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of every database host."""

    nodes: Nodes
    positions: Mapping[str, GaleraPosition | Unknown]
    sums: Mapping[str, Sums | Unknown] = field(default_factory=dict)
    """Of those that are level at the top, once they were compared."""


def forbidden(evidence: Evidence, proxies: Mapping[str, ProxyNode | Unknown]) -> str | None:
    """Why no node may be bootstrapped whatever a person knows: a server runs. None if none is seen to.

    An active unit is enough, or a process of either name: what can't be asked is not down for that.
    """
    for name, node in evidence.nodes.items():
        if is_primary(node):
            return f"There is a Primary component: {name} is in it. Nothing is bootstrapped beside it."
        if isinstance(node, GaleraNode) and may_run(node) and not retries(node):
            return f"{name} is not down: {_running(name, node)}."
        if isinstance(node, Unknown) and node.alive:
            return (
                f"{name} is not down: {node.reason.rstrip('.')}. Nothing is bootstrapped beside it. Make it answer; if "
                f"it is to be given up, stop its server there, then run this again."
            )
        if isinstance(node, Unknown) and (balancer := finds_up(proxies, name)):
            return (
                f"{name} can't be read, and {balancer} finds it UP: it lives. Nothing is bootstrapped "
                f"beside it. Mend the way to {name} ({node.reason})"
            )
    for name, position in evidence.positions.items():
        if isinstance(position, Unknown) and position.alive:
            return f"{name} is not down: {position.reason.rstrip('.')}. Nothing is bootstrapped beside it."
        if isinstance(position, GaleraPosition) and position.founding:
            return f"{name} is being bootstrapped at this moment. Look again in a minute (`hatui status`)."
    return None


def _running(name: str, node: GaleraNode) -> str:
    if not node.running:
        assert node.service is not None  # What may run and is not seen to has an active unit.
        return f"its unit is {node.service.active}. `systemctl stop mariadb` on {name} first"
    if node.turns_away:
        return f"its server runs and turns clients away: {node.turns_away}"
    if node.standalone:
        return f"its server runs without Galera. If nobody needs that, `systemctl stop mariadb` on {name}"
    if node.service is not None and node.service.active == "deactivating":
        return "its server is being stopped. Run this again when it has ended"
    if not node.answers:
        return (
            f"its server runs and does not answer. Find out what holds it up; if it is to be given up, "
            f"`systemctl stop mariadb` on {name}, then run this again"
        )
    return (
        f"its server runs outside of a Primary component ({node.cluster_status or 'no component'}), and comes back by "
        f"itself as soon as it sees the other members again: look at the network between them. If they don't come "
        f"back, `systemctl stop mariadb` on {name}, then run this again"
    )


def finds_up(proxies: Mapping[str, ProxyNode | Unknown], host: str) -> str | None:
    """The first balancer whose check finds the database server of `host` UP, sent sessions or not; None if none does.

    With a weight of 0 it gets none, and lives: nothing may be begun beside it.
    """
    for balancer, proxy in proxies.items():
        if isinstance(proxy, ProxyNode):
            for server in proxy.servers:
                if server.backend == GALERA_BACKEND and server.name == host and server.up:
                    return balancer
    return None


def with_data(evidence: Evidence) -> dict[str, GaleraPosition]:
    """The position of each node that could be read and has one."""
    return {
        name: position
        for name, position in evidence.positions.items()
        if isinstance(position, GaleraPosition) and position.uuid
    }


def level(evidence: Evidence) -> tuple[str, ...]:
    """The nodes at the highest seqno, the one that says it may be bootstrapped first, then as in the inventory."""
    known = with_data(evidence)
    top = [name for name in known if known[name].seqno == max(position.seqno for position in known.values())]
    return tuple(sorted(top, key=lambda name: known[name].safe_to_bootstrap is not True))


def doubts(evidence: Evidence) -> Iterator[str]:
    """What speaks against taking the node with the highest seqno; a person who knows more may override it."""
    for name, position in evidence.positions.items():
        node = evidence.nodes[name]
        if isinstance(node, Unknown):
            yield f"{name} may have the newest data, and can't be read: {node.reason.rstrip('.')}"
        elif isinstance(position, Unknown):
            yield f"{name} may have the newest data: {position.reason.rstrip('.')}"
        elif reason := _contradicts(position):
            where = f"its tablespace is at {position.uuid or 'no uuid'}:{position.seqno}"
            filed = "it has no state file (grastate.dat)" if position.filed_uuid is None else f"its state file {reason}"
            yield f"{name}: {filed}, and {where}"
    known = with_data(evidence)
    uuids = {position.uuid: name for name, position in known.items()}
    if len(uuids) > 1:
        shown = ", ".join(f"{name} {position.uuid}" for name, position in known.items())
        yield f"the nodes' data are of different clusters (uuid: {shown})"
    elif evidence.sums:
        yield from _differences(evidence)


def _contradicts(position: GaleraPosition) -> str | None:
    """What the state file says against the tablespace, such as "says seqno 99"; "is not there" if it should be."""
    if position.filed_uuid is None:
        return "is not there" if position.uuid else None
    if position.filed_uuid != position.uuid:
        return f"names {position.filed_uuid or 'no uuid'}"
    if position.filed_seqno >= 0 and position.filed_seqno != position.seqno:
        return f"says seqno {position.filed_seqno}"
    return None


def _differences(evidence: Evidence) -> Iterator[str]:
    first, *others = level(evidence)
    for name in (first, *others):
        sums = evidence.sums.get(name, Unknown("its tables were not compared"))
        if isinstance(sums, Unknown):
            yield f"{name} is level with others: {sums.reason}"
        elif tables := differing(evidence, first, name):
            at = with_data(evidence)[name].seqno
            yield f"{first} and {name} are level at seqno {at}, and their data differ: {_some(tables)}"


def differing(evidence: Evidence, one: str, other: str) -> list[str]:
    """The tables that are not alike on two nodes that were compared."""
    mine, theirs = evidence.sums.get(one), evidence.sums.get(other)
    if mine is None or theirs is None or isinstance(mine, Unknown) or isinstance(theirs, Unknown):
        return []
    return [name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]


def _some(tables: Sequence[str]) -> str:
    more = f" and {len(tables) - SHOWN} more tables" if len(tables) > SHOWN else ""
    return ", ".join(tables[:SHOWN]) + more


def why(evidence: Evidence) -> str:
    """Why the first of the level nodes is proposed, in a sentence."""
    first, *others = level(evidence)
    seqno = with_data(evidence)[first].seqno
    if not others:
        return f"{first} alone has seqno {seqno}, the highest."
    top = ", ".join((first, *others))
    sums = evidence.sums.get(first)
    if sums is None or isinstance(sums, Unknown):
        return f"{top} are level at seqno {seqno}; their data are compared before any is taken."
    return f"{top} are level at seqno {seqno}, and their {len(sums)} tables are alike; {first} is taken."


def replaced(evidence: Evidence, chosen: str) -> list[str]:
    """The nodes whose data would not go together with `chosen`'s: they must get all of them by a full transfer."""
    known = with_data(evidence)
    mine = known[chosen]
    found = []
    for name, position in known.items():
        if name == chosen:
            continue
        ahead = position.uuid != mine.uuid or position.seqno > mine.seqno
        sums = evidence.sums.get(name), evidence.sums.get(chosen)
        compared = not any(one is None or isinstance(one, Unknown) for one in sums)
        unlike = position.seqno == mine.seqno and (not compared or bool(differing(evidence, chosen, name)))
        if ahead or unlike or _contradicts(position):
            found.append(name)
    return found


def lost(evidence: Evidence, chosen: str) -> Iterator[str]:
    """What would be lost if `chosen` were bootstrapped, a sentence each; nothing if it has all that is known of."""
    known = with_data(evidence)
    mine = known[chosen]
    for name in evidence.positions:
        theirs = known.get(name)
        node = evidence.nodes[name]
        position = evidence.positions[name]
        if theirs is None and isinstance(position, GaleraPosition):
            continue
        if theirs is None:
            reason = node.reason if isinstance(node, Unknown) else getattr(position, "reason", "")
            yield f"whatever {name} has and {chosen} has not: nobody knows, it can't be read ({reason})"
        elif theirs.uuid != mine.uuid:
            yield f"all data of {name}, which are of another cluster ({theirs.uuid})"
        elif theirs.seqno > mine.seqno:
            yield f"{theirs.seqno - mine.seqno} transactions (seqno {mine.seqno + 1} to {theirs.seqno}) that {name} has"
        elif tables := differing(evidence, chosen, name):
            yield f"what {name} has of its own in {_some(tables)}"
        elif name in replaced(evidence, chosen):
            yield f"what {name} may have of its own: its data are replaced by those of {chosen}"


def moved(before: Evidence, now: Evidence) -> str | None:
    """What is no longer as it was when the evidence was shown, or None."""
    for name, then in before.positions.items():
        found = now.positions[name]
        if isinstance(then, Unknown):
            if isinstance(found, Unknown):
                continue
            return f"{name} can be read now: look again"
        if isinstance(found, Unknown):
            return f"{name} can no longer be read: look again"
        if retries(before.nodes[name]) and then.uuid == found.uuid and then.seqno <= found.seqno:
            # Told was what its server had begun with; it may have got further before it was stopped.
            continue
        if (then.uuid, then.seqno) != (found.uuid, found.seqno):
            return f"{name} was at {then.uuid}:{then.seqno}, and is at {found.uuid}:{found.seqno}: look again"
    return None


def table(evidence: Evidence) -> str:
    """The evidence, a line for each node."""
    rows: list[tuple[str, ...]] = [("host", "server", "uuid", "seqno", "state file", "safe_to_bootstrap")]
    for name, position in evidence.positions.items():
        node = evidence.nodes[name]
        if isinstance(node, Unknown) or isinstance(position, Unknown):
            reason = node.reason if isinstance(node, Unknown) else getattr(position, "reason", "")
            rows.append((name, _doing(node), f"can't be read: {reason}"))
            continue
        safe = {True: "1", False: "0", None: "-"}[position.safe_to_bootstrap]
        rows.append((name, _doing(node), position.uuid or "no data", str(position.seqno), _filed(position), safe))
    return columns(rows)


def _doing(node: GaleraNode | Unknown) -> str:
    if isinstance(node, Unknown):
        return "unknown"
    return "tries in vain" if retries(node) else "runs" if node.running else "down"


def _filed(position: GaleraPosition) -> str:
    if position.filed_uuid is None:
        return "none"
    if reason := _contradicts(position):
        return f"contradicts: {reason}"
    return "crashed (-1)" if position.filed_seqno < 0 and position.uuid else "agrees"
