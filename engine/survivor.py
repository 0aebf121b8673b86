"""The plan of a recovery whose majority is lost for good, while a database server still runs without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cluster.galera.gates import Nodes, evidence
from cluster.galera.record import GaleraNode
from cluster.galera.survivor import given_up, may_be_made_primary
from cluster.haproxy.record import HAPROXY_STAT
from cluster.spec import Role
from cluster.state import Unknown
from engine.losses import told
from engine.runbook import Plan, View
from operations.galera_recovery import gathered, rejoined
from operations.galera_survivor import made_primary
from operations.steps import Step


def survived(
    title: str,
    view: View,
    nodes: Nodes,
    alone: Mapping[str, GaleraNode],
    chosen: str,
    end: Callable[[Sequence[str]], list[Step]],
) -> Plan:
    """`alone` run outside of a Primary component: they wait for the others, unless a person knows that those are lost.

    `chosen` is the one that this person names; empty: none. `end` gives the steps that follow once the hosts which can
    be asked are members.
    """
    hosts = list(nodes)
    seen = "\n".join(evidence(name, node) for name, node in nodes.items())
    if chosen not in alone:
        first = max(alone, key=lambda name: alone[name].seqno)
        reason = (
            f"{', '.join(alone)} runs outside of a Primary component, and comes back by itself as soon as it sees the "
            f"others: look at the network between them. If they are lost for good, `hatui recover galera --force-from "
            f"{first}` makes {first} the cluster where it stands, and says what is lost by it."
        )
        return Plan(title, refused=f"Nothing is bootstrapped: {reason}", evidence=seen)
    if against := may_be_made_primary(nodes, view.state[HAPROXY_STAT], chosen):
        return Plan(title, refused=f"Nothing is bootstrapped: {against}.", evidence=seen)
    down = [name for name, node in nodes.items() if isinstance(node, GaleraNode) and not node.running]
    losses = given_up(nodes, gathered(down).positions, chosen)
    unread = [name for name, node in nodes.items() if isinstance(node, Unknown)]
    return Plan(
        f"{title}, with {chosen} where it stands",
        [
            made_primary(hosts, view.cluster.names(Role.HAPROXY), chosen, alone[chosen].seqno),
            *(rejoined(hosts, name, replace=False) for name in down),
            *end([name for name in hosts if name not in unread]),
        ],
        evidence=f"{seen}\n{told(losses, unread)}",
        expected="the database takes no writes now; it does as soon as the node is the Primary component",
        typed=chosen,
        rests_on=("galera",),
        broken=[one.run for one in view.broken if one.runbook == "recover_galera"],
    )
