"""Move a resource of Pacemaker to another controller; the constraint that moves it is taken away again."""

from cluster.pacemaker.gates import may_move, view_of
from cluster.pacemaker.record import CRM_MON
from cluster.spec import Role
from engine.choosing import WHERE_TO, choice
from engine.probing import measured
from engine.runbook import Candidate, Plan, View
from operations.controllers import cleared, moved, not_run_by

PARAMETERS = {
    "name": "the resource, such as controller-vip; empty: which there are",
    "to": "the controller that is to run it; empty: which could",
}


def plan(view: View, name: str = "", to: str = "") -> Plan:
    controllers, nodes = view.cluster.names(Role.CONTROLLER), view.state[CRM_MON]
    title = f"Move {name} to {to}"
    seen = view_of(nodes)
    known = {one.id: one for one in seen.resources} if seen else {}
    now = known[name].nodes if name in known else ()
    if not name and seen:
        return choice(
            "Move a resource",
            [one.id for one in known.values() if not one.agent.startswith("stonith:")],
            lambda one: _stays(view, one),
            say="Say which resource: `hatui switchover resource NAME --to HOST`.",
            now=lambda one: f"on {', '.join(known[one].nodes) or 'no host'}",
        )
    if not to and name in known:
        others = [one for one in controllers if one not in now]
        return choice(
            f"Move {name}", others, lambda one: plan(view, name, one).refused, say=WHERE_TO, origin=", ".join(now)
        )
    candidates = [Candidate(one, may_move(nodes, name, one) or "") for one in controllers if one not in now]
    left = [ban for ban in (seen.bans if seen else ()) if ban in (f"cli-prefer-{name}", f"cli-ban-{name}")]
    if now == (to,):
        # What a move that broke off may have left.
        return Plan(title, [cleared(controllers, name, to)] if left else [], target=to, already=f"{name} is on {to}.")
    if against := may_move(nodes, name, to):
        return Plan(title, candidates=candidates, refused=f"{against}.")
    if len(now) != 1:
        return Plan(title, candidates=candidates, refused=f"{name} is on {len(now)} hosts: it can't be moved as one.")
    return Plan(
        title,
        moved(controllers, name, now[0], to),
        candidates=candidates,
        origin=now[0],
        target=to,
        expected=f"{name} is stopped on {now[0]} before it is started on {to}: its clients wait that long",
        undo=f"hatui switchover resource {name} --to {now[0]}",
        measures=measured(view.cluster),
        holds=lambda: not_run_by(controllers, name, to),
    )


def _stays(view: View, name: str) -> str:
    """Why `name` can be moved to no controller; empty if there is one."""
    reasons = [one.against for one in plan(view, name).candidates]
    return "" if "" in reasons else "; ".join(dict.fromkeys(reasons)) or "it runs on every controller"
