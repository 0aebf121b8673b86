"""One look at the whole cluster: every host is asked once, side by side, all that its role can tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster.gates.rest import Gate, gates
from cluster.health import LayerHealth, Verdict, assess, overall
from cluster.locked import Held, held
from cluster.picture import Where, picture, whereabouts
from cluster.spec import Cluster
from cluster.state import ClusterState, HostAnswer, Unknown
from engine.frames import Section
from engine.layers import LAYERS, commands, facts, record
from engine.ssh import Broken, Line

if TYPE_CHECKING:
    from pyinfra.api.facts import FactBase

WITHIN = 4.0
"""Seconds after which a host that has not said all it was asked is not waited for."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was so at `at` (seconds since the epoch, this machine's clock), and what is to be said of it."""

    cluster: str
    at: float
    took: float
    """Seconds."""
    verdict: Verdict
    layers: tuple[LayerHealth, ...]
    state: ClusterState
    where: tuple[Where, ...]
    gates: tuple[Gate, ...]
    lock: Held


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said: each section that ended; `reason` says why others are missing, if any are."""

    sections: Mapping[str, Section]
    reason: str | None
    took: float
    """Seconds."""


async def look(cluster: Cluster) -> Snapshot:
    """Ask every host now."""
    at, begun = time.time(), time.monotonic()
    # The connections are being made by processes of their own while this one imports the facts.
    lines = await asyncio.gather(*(Line.begin(cluster, name) for name in cluster.hosts))
    known = facts()
    answers = await asyncio.gather(
        *(ask(line, commands(cluster, name, known), begun) for name, line in zip(cluster.hosts, lines, strict=True))
    )
    state = read(cluster, known, dict(zip(cluster.hosts, answers, strict=True)))
    layers = assess(cluster, state)
    where = whereabouts(picture(cluster, state))
    took = time.monotonic() - begun
    return Snapshot(cluster.name, at, took, overall(layers), layers, state, where, gates(cluster, state), held(state))


async def ask(line: Line, sections: Mapping[str, str], begun: float, within: float = WITHIN) -> Answer:
    """What a host says of `sections`, until `within` seconds after `begun` (time.monotonic)."""
    found: dict[str, Section] = {}
    reason = None
    line.teach(sections)
    line.ask(sections)
    # The answer of a host that has no layer.
    line.ask(())
    awaited: set[str | None] = {None, *sections}
    try:
        async with asyncio.timeout(begun + within - time.monotonic()):
            async for frame in line.frames():
                if isinstance(frame, Section):
                    found[frame.name] = frame
                awaited.discard(frame.name if isinstance(frame, Section) else None)
                if not awaited:
                    break
    except TimeoutError:
        reason = f"did not answer within {within:g} s"
    except Broken as error:
        reason = str(error)
    finally:
        await line.end()
    return Answer(found, reason, time.monotonic() - begun)


def read(cluster: Cluster, known: Mapping[str, FactBase[Any]], answers: Mapping[str, Answer]) -> ClusterState:
    """The answers as records. What is missing is `Unknown` with the host's reason."""
    fields: dict[str, dict[str, Any]] = {field: {} for field in ("hosts", *known)}
    for name, answer in answers.items():
        reason = answer.reason
        fields["hosts"][name] = HostAnswer(answer.took) if reason is None else Unknown(reason)
        for layer in LAYERS[cluster.hosts[name].role]:
            said = answer.sections.get(layer)
            fields[layer][name] = record(known[layer], said) if said else Unknown(reason or "did not say")
    return ClusterState(**fields)
