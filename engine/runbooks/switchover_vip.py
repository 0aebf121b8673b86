"""Move the load balancers' VIP by hand, from one that serves to another that does."""

from cluster.haproxy.record import HAPROXY_STAT
from cluster.keepalived.gates import may_own
from cluster.keepalived.record import VRRP_OWNER
from cluster.spec import Role
from cluster.vip import VipNode, owners
from engine.choosing import WHERE_TO, choice
from engine.probing import measured
from engine.runbook import Candidate, Plan, View
from operations.vip import GAP, handover, not_on, returns

PARAMETERS = {"to": "the balancer that is to own the VIP; empty: who could be"}


def plan(view: View, to: str = "") -> Plan:
    balancers, vip = view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip
    vips = view.state[VRRP_OWNER]
    title = f"Move {vip} to {to}"
    now = owners(vips, vip)
    if not to:
        return choice(
            f"Move {vip}",
            balancers,
            lambda name: _against(view, name) or plan(view, name).refused,
            say=WHERE_TO,
            origin=", ".join(now),
        )
    candidates = [Candidate(name, _against(view, name)) for name in balancers]
    away = [name for name, node in vips.items() if isinstance(node, VipNode) and node.away and name != to]
    if to not in balancers:
        return Plan(title, candidates=candidates, refused=f"{to} is no balancer: there are {', '.join(balancers)}.")
    if now == (to,):
        # What a run that broke off may have left: the former owner, still told to give the VIP up.
        left = [step for name in away for step in returns(balancers, vip, name)]
        return Plan(title, left, target=to, already=f"{vip} is on {to}.")
    if len(now) != 1:
        why = f"{vip} is on {', '.join(now) or 'nobody'}: there is no one owner to take it from (`hatui status`)."
        return Plan(title, candidates=candidates, refused=why)
    if against := next(one.against for one in candidates if one.name == to):
        return Plan(title, candidates=candidates, refused=f"{against}.")
    if view.cluster.keepalived.preempt and _priority(view, to) < max(view.cluster.keepalived.priorities.values()):
        why = f"keepalived.preempt is on, and {to} has not the highest priority: the VIP would go back at once."
        return Plan(title, candidates=candidates, refused=why)
    return Plan(
        title,
        handover(balancers, vip, now[0], to),
        candidates=candidates,
        origin=now[0],
        target=to,
        expected=f"open ones through {now[0]} are reset once, and come back through {to}",
        gap=GAP,
        holds=lambda: not_on(balancers, vip, to),
        undo=f"hatui switchover vip --to {now[0]}",
        measures=measured(view.cluster),
    )


def _against(view: View, name: str) -> str:
    if owners(view.state[VRRP_OWNER], view.cluster.keepalived.vip) == (name,):
        return f"{name} owns it already"
    node = view.state[VRRP_OWNER].get(name)
    if isinstance(node, VipNode) and node.away:
        return f"{name} is drained: `hatui undrain {name}` first"
    return may_own(view.state[VRRP_OWNER], view.state[HAPROXY_STAT], name) or ""


def _priority(view: View, name: str) -> int:
    return view.cluster.keepalived.priorities[name]
