"""Put a host back into service across every layer that it carries; who was drained or left half drained alike."""

from engine.choosing import choice
from engine.handling import on
from engine.probing import measured
from engine.runbook import Plan, View

PARAMETERS = {"host": "the host that is to carry its layers again; empty: which are drained"}


def plan(view: View, host: str = "") -> Plan:
    if not host:
        plans = {name: plan(view, name) for name in view.cluster.hosts}
        # Of one that can't be asked it is not known.
        found = [name for name, one in plans.items() if one.steps or one.refused]
        say = "Say which: `hatui undrain HOST`." if found else "No host is drained."
        return choice("Put a host back into service", found, lambda name: plans[name].refused, say=say)
    title = f"Put {host} back into service"
    if host not in view.cluster.hosts:
        return Plan(title, refused=f"There is no host {host}: there are {', '.join(view.cluster.hosts)}.")
    # What stands on others comes back before they do: a controller runs resources again, then its broker takes clients.
    planned = [one.given_back(view, host) for one in reversed(on(view.cluster, host))]
    refused = next((one.refused for one in planned if one.refused), "")
    return Plan(
        title,
        [] if refused else [step for one in planned for step in one.steps],
        refused=refused,
        target=host,
        expected="nothing: the VIP and the writer stay where they are",
        undo=f"hatui drain {host}",
        measures=measured(view.cluster),
    )
