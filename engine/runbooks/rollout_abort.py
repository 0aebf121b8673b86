"""End a rollout that stopped, as it is: what was changed stays, what was not is left alone."""

from cluster.layers import DEPLOYED
from cluster.steady import not_steady
from cluster.text import clean
from engine.deploying import changes
from engine.leftover import mending
from engine.rollouts import open_rollout
from engine.runbook import Plan, View
from operations.steps import Step

PARAMETERS: dict[str, str] = {}


def plan(view: View) -> Plan:
    former = open_rollout(view.cluster.name)
    if former is None:
        return Plan("Abort the rollout", refused="There is no rollout that stopped: nothing is to be aborted.")
    # What is drained by a run that died is given back; everything else is told, and left.
    mend, _ = mending(view)
    layer = former.parameters.get("layer", "")
    found = changes(view.cluster, [layer] if layer else DEPLOYED)
    hosts = ", ".join(dict.fromkeys(change.host or change.layer for change in found)) or "no host"
    now = not_steady(view.cluster, view.state)
    lines = [
        *([f"the cluster is not at rest, and stays so: {now}"] if now and not mend else []),
        f"it stopped because: {clean(former.stopped, 300)}",
        *(f"done, and stays done: {name}" for name in former.done),
        *(f"not done: {name}" for name in former.left),
        f"now another than the inventory: {hosts}" + (" (`hatui plan` shows the differences)" if found else ""),
    ]
    end = Step(f"end the rollout {former.run}", lambda: None, lasting="it can't be resumed any more")
    return Plan(
        f"Abort the rollout {former.run}",
        [*mend, end],
        undo="`hatui rollout` rolls out what is left",
        evidence="\n".join(lines),
        in_stages=True,
        broken=[former.run],
    )
