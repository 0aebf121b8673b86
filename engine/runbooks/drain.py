"""Take one host out of service across every layer that it carries, so that it can be rebooted or worked on."""

from cluster.spec import Cluster
from engine.choosing import choice
from engine.handling import Handling, Planned, on
from engine.probing import measured
from engine.runbook import Plan, View

PARAMETERS = {"host": "the host that is to carry nothing; empty: which could be"}


def plan(view: View, host: str = "") -> Plan:
    if not host:
        return choice(
            "Drain a host",
            view.cluster.hosts,
            lambda name: _against(view, name),
            say="Say which: `hatui drain HOST`.",
            now=lambda name: ", ".join(filter(None, (one.here(view, name) for one in on(view.cluster, name)))),
        )
    title = f"Drain {host}"
    if host not in view.cluster.hosts:
        return Plan(title, refused=f"There is no host {host}: there are {', '.join(view.cluster.hosts)}.")
    layers = on(view.cluster, host)
    if not layers:
        return Plan(title, evidence=f"{host} carries no layer that hatui knows.")
    planned = _drained(view, host, layers)
    return Plan(
        title,
        planned.steps,
        refused=planned.refused,
        origin=host,
        expected=planned.expected,
        gap=max(one.gap(view, host) for one in layers),
        holds=lambda: _carried(view.cluster, host),
        undo=f"hatui undrain {host}",
        measures=measured(view.cluster),
    )


def _drained(view: View, host: str, layers: list[Handling]) -> Planned:
    """What all layers plan; nothing, where one of them refuses."""
    found = [one.drained(view, host) for one in layers]
    if refused := next((one.refused for one in found if one.refused), ""):
        return Planned(refused=refused)
    busy = [one for one in found if one.steps]
    # Each layer is asked before any is touched.
    for one in busy if len(busy) > 1 else ():
        for step in one.steps:
            if reason := step.precheck():
                return Planned(refused=f"{reason}.")
    expected = "; ".join(dict.fromkeys(one.expected for one in found if one.expected))
    return Planned([step for one in found for step in one.steps], expected=expected)


def _against(view: View, host: str) -> str:
    found = plan(view, host)
    return found.refused or found.evidence or ("" if found.steps else f"{host} is drained already")


def _carried(cluster: Cluster, host: str) -> str | None:
    """What `host` carries after all, asked now, or None."""
    return next((why for one in on(cluster, host) if (why := one.carried(cluster, host))), None)
