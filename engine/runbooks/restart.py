"""Restart a layer's service, one host at a time, each emptied first and behind its gate; who carries traffic last."""

from cluster.layer import Layer
from cluster.layers import LAYERS
from cluster.starts import services
from engine.choosing import choice
from engine.handling import handling
from engine.probing import measured
from engine.runbook import Plan, View
from engine.runbooks import undrain

LAYERS_BY_NAME = {layer.name: layer for layer in LAYERS if handling(layer).restart}
PARAMETERS = {"layer": f"{', '.join(LAYERS_BY_NAME)}; empty: which could be"}


def plan(view: View, layer: str = "") -> Plan:
    if not layer:
        say = "Say which layer: `hatui restart LAYER`."
        return choice(
            "Restart a layer, host by host",
            [name for name, one in LAYERS_BY_NAME.items() if one.wanted(view.cluster)],
            lambda name: _against(view, name),
            say=say,
            now=lambda name: _now(view, LAYERS_BY_NAME[name]),
        )
    title = f"Restart {layer}, host by host"
    restart = handling(LAYERS_BY_NAME[layer]).restart if layer in LAYERS_BY_NAME else None
    if restart is None:
        return Plan(title, refused=f"There is no layer {layer}: there are {', '.join(LAYERS_BY_NAME)}.")
    if not LAYERS_BY_NAME[layer].wanted(view.cluster):
        return Plan(title, refused=f"The inventory has no {layer}: a section of that name adds it.")
    # What a restart that died has left out of service is put back first; what somebody drained on purpose is not.
    broken = [one for one in view.broken if one.runbook == "restart" and one.parameters.get("layer") == layer]
    hosts = LAYERS_BY_NAME[layer].hosts(view.cluster)
    back = [step for name in hosts for step in undrain.plan(view, name).steps] if broken else []
    planned = restart.planned(view, bool(back))
    return Plan(
        title,
        [] if planned.refused else [*back, *planned.steps],
        refused=planned.refused,
        expected=planned.expected or restart.expected,
        gap=restart.gap,
        measures=measured(view.cluster),
        in_stages=True,
        broken=[one.run for one in broken],
    )


def _against(view: View, layer: str) -> str:
    """Also what stands against the first step: some layers are only asked by their steps."""
    found = plan(view, layer)
    return found.refused or (found.steps[0].precheck() or "" if found.steps else "")


def _now(view: View, layer: Layer) -> str:
    """How many hosts the layer has, and on which a restart of its service is due."""
    hosts = layer.hosts(view.cluster)
    due = [
        name
        for _, name, unit in services(view.state)
        if unit.restart_due and unit.unit in {one.name for one in layer.units[:1]} and name in hosts
    ]
    said = ", ".join(dict.fromkeys(due))
    return f"{len(hosts)} hosts, due on {said}" if said else f"{len(hosts)} hosts"
