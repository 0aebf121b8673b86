"""One look at the whole cluster: every host is asked once, side by side, all that its role can tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cluster.exclusive import Reading, claim_of, current, disputed, reading
from cluster.layers import FACTS, asked
from cluster.spec import Cluster
from cluster.state import HOSTS, ClusterState, HostAnswer, Unknown
from cluster.wire.observed import Snapshot
from engine.frames import Frame, Section
from engine.own import OwnTime
from engine.sections import commands, facts, record
from engine.seen import Seen
from engine.ssh import Broken, Line

if TYPE_CHECKING:
    from pyinfra.api.facts import FactBase

WITHIN = 4.0
"""Seconds after which a host that has not said all it was asked is not waited for."""


HELD_UP = 15.0
"""Seconds for which what asks on this machine may have to wait for a processor, and are given on top of that."""
NO_ANSWER = "did not answer"
"""What all hosts have alike that are `silent`, whatever delays are told of them."""
_WAITED = "its own processes waited {:.1f} s for a processor"


@dataclass(slots=True)
class Answer:
    """What a host said: each section that ended; `reason` says why others are missing, if any are."""

    sections: dict[str, Section] = field(default_factory=dict)
    reason: str | None = None
    alike: str = ""
    """As of Unknown."""
    took: float = 0.0
    """Seconds."""
    moments: dict[str, float] = field(default_factory=dict)
    """When each section's answer came, by this machine's own time."""


class Talk:
    """A connection over which a host is asked once, and once more if what it says is in doubt."""

    def __init__(self, line: Line, sections: Mapping[str, str], own: OwnTime) -> None:
        self._line = line
        self._frames = line.frames()
        self._own = own
        self.answer = Answer()
        line.teach(sections)

    async def ask(self, names: Iterable[str], begun: float, within: float = WITHIN) -> Answer:
        """What the host says of these sections, until `within` seconds after `begun`, both by this process's own time.

        For as long as the client and this process had to wait for a processor, it is waited longer, up to HELD_UP.
        """
        self._line.ask(names)
        # The answer of a host that has no layer.
        self._line.ask(())
        answer, awaited, lost = self.answer, {None, *names}, self._own.lost
        while awaited and answer.reason is None:
            frame = asyncio.ensure_future(anext(self._frames))
            try:
                while not frame.done() and (left := self._left(begun + within)) > 0:
                    await asyncio.wait({frame}, timeout=left)
                if frame.done():
                    self._take(frame.result(), awaited)
                else:
                    answer.reason = silent(within, self._line.waited(), self._own.lost - lost)
                    answer.alike = NO_ANSWER
            except Broken as error:
                answer.reason = str(error)
            finally:
                frame.cancel()
        answer.took = max(answer.took, self._own.now() - begun)
        return answer

    def _left(self, until: float) -> float:
        return until + min(self._line.waited(), HELD_UP) - self._own.now()

    def _take(self, frame: Frame, awaited: set[str | None]) -> None:
        if isinstance(frame, Section):
            self.answer.sections[frame.name], self.answer.moments[frame.name] = frame, self._own.now()
        awaited.discard(frame.name if isinstance(frame, Section) else None)

    async def end(self) -> None:
        """End the connection."""
        await self._line.end()


def silent(within: float, waited: float, late: float) -> str:
    """Of a host that was waited for in vain: whose fault it is."""
    if waited > HELD_UP:
        return f"was not waited for any longer: this machine was too busy ({_WAITED.format(waited)})"
    own = [_WAITED.format(waited)] * (waited > 1) + [f"its own timer was {late:.1f} s late"] * (late > 1)
    return f"did not answer within {within:g} s" + (
        f", this machine's delays left out ({', '.join(own)})" if own else ""
    )


async def look(cluster: Cluster, within: float = WITHIN) -> Snapshot:
    """Ask every host now; one that has not answered after `within` seconds is not waited for."""
    at, begun = time.time(), time.monotonic()
    state = await ask_all(cluster, within)
    return Seen.of(cluster, state).snapshot(cluster, at, took=time.monotonic() - begun)


async def ask_all(cluster: Cluster, within: float = WITHIN) -> ClusterState:
    """What every host says now, as `look`."""
    own = OwnTime()
    beating = asyncio.ensure_future(own.beat())
    begun = own.now()
    # The connections are being made by processes of their own while this one imports the facts.
    lines = await asyncio.gather(*(Line.begin(cluster, name) for name in cluster.hosts))
    known = facts()
    sections = {name: commands(cluster, name, known) for name in cluster.hosts}
    talks = {name: Talk(line, sections[name], own) for name, line in zip(cluster.hosts, lines, strict=True)}
    try:
        return await converse(cluster, known, talks, own, begun, within)
    finally:
        beating.cancel()
        await asyncio.gather(*(talk.end() for talk in talks.values()))


async def converse(
    cluster: Cluster,
    known: Mapping[str, FactBase[Any]],
    talks: Mapping[str, Talk],
    own: OwnTime,
    begun: float,
    within: float = WITHIN,
) -> ClusterState:
    """What all hosts say. Where two contradict each other, they are asked once more: the one may have been asked before
    something moved, and the other after it."""
    await asyncio.gather(*(talk.ask(asked(cluster, name), begun, within) for name, talk in talks.items()))
    first = readings(cluster, known, {name: talk.answer for name, talk in talks.items()}, begun, {})
    doubtful = {
        layer: [name for name in told if talks[name].answer.reason is None]
        for layer, told in first.items()
        if disputed(cluster, layer, {name: one.record for name, one in told.items()})
    }
    again = {name: [layer for layer, told in doubtful.items() if name in told] for name in talks}
    since = own.now()
    await asyncio.gather(*(talks[name].ask(layers, since, within) for name, layers in again.items() if layers))
    answers = {name: talk.answer for name, talk in talks.items()}
    return read(cluster, answers, readings(cluster, known, answers, since, first))


def readings(
    cluster: Cluster,
    known: Mapping[str, FactBase[Any]],
    answers: Mapping[str, Answer],
    since: float,
    former: Mapping[str, Mapping[str, Reading]],
) -> dict[str, dict[str, Reading]]:
    """What was said of each layer, by host, after it was asked for at `since`, and before."""
    found: dict[str, dict[str, Reading]] = {layer: dict(told) for layer, told in former.items()}
    for name, answer in answers.items():
        for layer, section in answer.sections.items():
            before = found.setdefault(layer, {}).get(name)
            if before is None or answer.moments[layer] >= since:
                told = record(known[layer], section)
                claim = claim_of(cluster, layer, name, told)
                found[layer][name] = reading(before, told, since, answer.moments[layer], claim)
    return found


def read(cluster: Cluster, answers: Mapping[str, Answer], told: Mapping[str, Mapping[str, Reading]]) -> ClusterState:
    """The answers as records. What is missing is `Unknown` with the host's reason."""
    fields: dict[str, dict[str, Any]] = {HOSTS: {}, **{name: {} for name in FACTS}}
    records = {layer: current(one) for layer, one in told.items()}
    for name, answer in answers.items():
        reason = answer.reason
        fields[HOSTS][name] = HostAnswer(answer.took) if reason is None else Unknown(reason, alike=answer.alike)
        for layer in asked(cluster, name):
            fields[layer][name] = records.get(layer, {}).get(name, Unknown(reason or "did not say", alike=answer.alike))
    return ClusterState(fields)
