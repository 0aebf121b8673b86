"""Roll out what the inventory changes: a canary, a soak, then host by host, the one that carries traffic last."""

import time

from cluster.layers import DEPLOYED, LAYERS, wanted
from cluster.spec import Cluster
from cluster.text import clean
from engine.deploying import changes, deployed
from engine.handling import handling
from engine.leftover import at_fault, gate, mending
from engine.planning import Stage, stages
from engine.probing import measured
from engine.rollouts import ROLLOUT
from engine.runbook import Plan, View
from engine.taking_back import Files, can_be, remembered, take_back
from operations.progress import why_stop
from operations.steps import Refused, Step, wait_for

PARAMETERS = {
    "layer": f"{', '.join(DEPLOYED)}; all by default",
    "canary": "the host that goes first; by default one that carries no traffic",
    "soak": "seconds for which the cluster must bear a canary, such as 60",
    "pause_after": "stop after this: canary, a layer, or a stage such as galera/mysql2",
}

SETTLE = 90
"""Seconds until the cluster is at rest after a stage."""
STAYS = (
    "What it had changed by then stays. Mend it, or put the former values back into the inventory, then "
    "`hatui rollout --resume`: it looks, and does what is left."
)
LONGEST = 24 * 3600


def plan(view: View, layer: str = "", canary: str = "", soak: str = "60", pause_after: str = "") -> Plan:
    title = f"Roll out {layer or 'all layers'}"
    seconds = _seconds(soak)
    if wrong := _wrong(view.cluster, layer, canary, seconds, soak):
        return Plan(title, refused=wrong)
    if not any(handling(one).there(view.state) for one in LAYERS):
        return Plan(
            title,
            refused="The cluster does not run yet: `pyinfra inventory.py deploy/ha.py` creates it.",
        )
    for one in wanted(view.cluster):
        if layer in ("", one.name) and (reason := one.at_once(view.cluster, view.state)):
            return Plan(title, refused=reason)
    mend, refused = mending(view)
    # A host that is at fault by itself is mended by what is rolled out to it, which goes first then.
    mended = at_fault(view) if refused else ""
    if refused and not mended:
        return Plan(title, refused=refused)
    found = changes(view.cluster, [layer] if layer else DEPLOYED)
    planned = stages(view.cluster, view.state, found, canary or mended)
    if refused and not (planned and planned[0].hosts == (mended,)):
        return Plan(title, refused=refused)
    if canary and planned and not any(canary in stage.hosts for stage in planned):
        changed = ", ".join(dict.fromkeys(host for stage in planned for host in stage.hosts))
        return Plan(title, refused=f"Nothing changes on {canary}, so it can't be the canary. It does on {changed}.")
    steps, ends = _steps(view, planned, seconds or 0, mended)
    if pause_after and planned and pause_after not in ends:
        return Plan(title, refused=f"There is no stage {pause_after} to pause after: there are {', '.join(ends)}.")
    broken = [one.run for one in view.broken if one.runbook == ROLLOUT]
    whole = [*mend, *([_preflight(view.cluster, mended)] if steps else []), *steps]
    return Plan(
        title,
        whole,
        expected="; ".join(_felt(planned)),
        undo="put the former values back into the inventory, and roll out again",
        measures=measured(view.cluster) if any(stage.layer != "base" for stage in planned) else (),
        evidence="\n".join(map(_line, planned)),
        in_stages=True,
        pause_after=len(whole) - len(steps) + ends[pause_after] if pause_after in ends else None,
        broken=broken,
    )


def _wrong(cluster: Cluster, layer: str, canary: str, seconds: int | None, soak: str) -> str:
    if layer and layer not in DEPLOYED:
        return f"There is no layer {layer}: there are {', '.join(DEPLOYED)}."
    if canary and canary not in cluster.hosts:
        return f"There is no host {canary}: there are {', '.join(cluster.hosts)}."
    if seconds is None or seconds > LONGEST:
        return f"soak is {soak}: it must be seconds, such as 60 or 60s, a day at most."
    return ""


def _seconds(text: str) -> int | None:
    number = text.removesuffix("s")
    return int(number) if number.isascii() and number.isdigit() else None


def _preflight(cluster: Cluster, mended: str) -> Step:
    name = f"preflight: the cluster is at rest{f', but for {mended}, which is mended' if mended else ''}"
    precheck = gate(cluster, [mended] if mended else [])
    return Step(name, lambda: None, precheck=precheck, lasting="it only looked", changes=False)


def _steps(view: View, planned: tuple[Stage, ...], seconds: int, mended: str) -> tuple[list[Step], dict[str, int]]:
    """The steps, and at which of them each stage, each layer and the first canary ends."""
    steps: list[Step] = []
    ends: dict[str, int] = {}
    for stage in planned:
        steps.append(_stage(view, stage, mended if stage is planned[0] else ""))
        if stage.canary and stage is not planned[-1] and seconds:
            steps.append(_soak(view.cluster, stage, seconds))
        ends.setdefault("canary", len(steps) - 1)
        ends[stage.name] = ends[stage.layer] = len(steps) - 1
    return steps, ends


def _stage(view: View, stage: Stage, mended: str) -> Step:
    before: list[Files] = []

    def act() -> None:
        if can_be(stage):
            before.append(remembered(stage))
        deployed(view.cluster, stage.layer, stage.hosts)

    def undo() -> None:
        take_back(view.cluster, stage, before[-1] if before else None)
        wait_for(gate(view.cluster, [mended] if mended else []), within=SETTLE)

    what = "; ".join(stage.effects or dict.fromkeys(change.what for change in stage.changes))
    return Step(
        f"{stage.name}: {clean(what, 160)}",
        act,
        precheck=gate(view.cluster, [mended] if mended else []),
        verify=gate(view.cluster),
        within=SETTLE,
        undo=undo if can_be(stage) else None,
        lasting="the new settings stay",
        stays=STAYS,
        on=_host(stage),
        layer=stage.layer,
        stage=stage.name,
    )


def _soak(cluster: Cluster, stage: Stage, seconds: int) -> Step:
    ask = gate(cluster)

    def bear() -> None:
        begun = time.monotonic()
        while (past := time.monotonic() - begun) < seconds:
            if reason := ask():
                raise Refused(f"{past:.0f} s after the canary was changed: {reason}")
            until = time.monotonic() + 1
            while time.monotonic() < until:
                if reason := why_stop():
                    raise Refused(f"after {time.monotonic() - begun:.0f} of {seconds} s: {reason}")
                time.sleep(0.1)

    return Step(
        f"{stage.name}: soak, {seconds} s",
        bear,
        precheck=ask,
        lasting="nothing was changed by it",
        stays=STAYS.replace("it had changed by then", "was rolled out so far", 1),
        changes=False,
        on=_host(stage),
        layer=stage.layer,
        stage=stage.name,
    )


def _felt(planned: tuple[Stage, ...]) -> list[str]:
    """What clients feel of each layer that is rolled out."""
    layers = {stage.layer for stage in planned}
    return [said for layer in LAYERS if layer.name in layers and (said := handling(layer).rolled_out)]


def _host(stage: Stage) -> str:
    return stage.hosts[0] if len(stage.hosts) == 1 else ""


def _line(stage: Stage) -> str:
    what = ", ".join(dict.fromkeys(change.what for change in stage.changes))
    effects = f"; {', '.join(stage.effects)}" if stage.effects else ""
    return f"{stage.name:<20} {clean(what, 200)}{effects}{f' ({stage.why})' if stage.why else ''}"
