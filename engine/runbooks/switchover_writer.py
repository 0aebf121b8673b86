"""Move the database's writer by hand: new sessions first, then the open ones, on all balancers as one."""

from cluster.galera.gates import may_write
from cluster.galera.names import GALERA_BACKEND
from cluster.galera.record import WSREP_STATUS
from cluster.haproxy.gates import kept_away, writers_of
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.spec import Role
from engine.choosing import WHERE_TO, choice
from engine.runbook import Candidate, Plan, View
from operations.writer import GAP, moved, not_the_writer

PARAMETERS = {"to": "the database node that is to take all sessions; empty: who could be"}


def plan(view: View, to: str = "") -> Plan:
    nodes, balancers = view.cluster.names(Role.GALERA), view.cluster.names(Role.HAPROXY)
    vip = view.cluster.keepalived.vip
    title = f"Make {to} the writer"
    proxies = {name: node for name, node in view.state[HAPROXY_STAT].items() if isinstance(node, ProxyNode)}
    writers = set(writers_of(proxies).values())
    away = kept_away(proxies, GALERA_BACKEND)
    candidates = [Candidate(name, _against(view, name, away)) for name in nodes if {name} != writers]
    if not view.cluster.haproxy.single_writer:
        return Plan(title, refused="haproxy.single_writer is off: there is no writer to move, all nodes take sessions.")
    if not to:
        names = [one.name for one in candidates]
        origin = ", ".join(sorted(writers))
        return choice("Move the writer", names, lambda name: plan(view, name).refused, say=WHERE_TO, origin=origin)
    if to not in nodes:
        return Plan(title, candidates=candidates, refused=f"{to} is no database node: there are {', '.join(nodes)}.")
    if against := _against(view, to, away):
        return Plan(title, candidates=candidates, refused=f"{against}.")
    # What a run that broke off has left is where this one goes on: a node that is kept away was on its way out.
    former = sorted((writers | _left(view, away)) - {to})
    steps = moved(nodes, balancers, vip, former if writers else (), to) if former or not writers else []
    return Plan(
        title,
        steps,
        already=f"{to} is the writer.",
        candidates=candidates,
        origin=", ".join(sorted(writers)) if writers != {to} else "",
        target=to,
        expected="open sessions may end by themselves for 10 s and are then cut; what was acknowledged stays",
        gap=GAP,
        holds=lambda: not_the_writer(balancers, to),
        undo=f"hatui switchover writer --to {former[0]}" if former else "",
        measures=("sql",),
        broken=[one.run for one in view.broken if one.runbook == "switchover_writer"],
    )


def _against(view: View, name: str, away: set[str]) -> str:
    if name in away:
        return f"{name} is drained: `hatui undrain {name}` first"
    return may_write(view.state[WSREP_STATUS], view.state[HAPROXY_STAT], name) or ""


def _left(view: View, away: set[str]) -> set[str]:
    """Nodes kept away by a switchover of the writer that died; one that is drained on purpose is none of them."""
    return away if any(one.runbook == "switchover_writer" for one in view.broken) else set()
