"""Move a resource of Pacemaker to another controller; the constraint that moves it is taken away again."""

from cluster.gates.pacemaker import may_move, view_of
from cluster.spec import Role
from cluster.state import CrmResource
from engine.runbook import Candidate, Plan, View
from operations.controllers import cleared, moved

PARAMETERS = {"name": "the resource, such as controller-vip", "to": "the controller that is to run it"}


def plan(view: View, name: str = "", to: str = "") -> Plan:
    controllers, nodes = view.cluster.names(Role.CONTROLLER), view.state.pacemaker
    title = f"Move {name} to {to}"
    seen = view_of(nodes)
    known = {one.id: one for one in seen.resources} if seen else {}
    if not name:
        found = [Candidate(one.id, _fixed(one)) for one in known.values()]
        return Plan("Move a resource", candidates=found, refused="Say which resource.")
    now = known[name].nodes if name in known else ()
    candidates = [Candidate(one, may_move(nodes, name, one) or "") for one in controllers if one not in now]
    if not to:
        return Plan(f"Move {name}", candidates=candidates, refused="Say where to: --to HOST.")
    left = [ban for ban in (seen.bans if seen else ()) if ban in (f"cli-prefer-{name}", f"cli-ban-{name}")]
    if now == (to,):
        # What a move that broke off may have left.
        return Plan(title, [cleared(controllers, name, to)] if left else [], target=to)
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
        measures=("sql", "amqp"),
    )


def _fixed(resource: CrmResource) -> str:
    """Why a resource is not one to be moved by hand."""
    if resource.agent.startswith("stonith:"):
        return "a fence device: it is not moved by hand"
    return "" if len(resource.nodes) == 1 else f"{resource.id} is on {len(resource.nodes)} hosts"
