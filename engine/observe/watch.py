"""The whole cluster, looked at all the time: a snapshot each so many seconds, and each change at once."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from cluster.layers import FACTS, LAYER_OF
from cluster.spec import Cluster
from cluster.state import ClusterState
from cluster.wire.observed import Event, Snapshot
from engine.look import WITHIN
from engine.observe.diff import events
from engine.observe.door import opened
from engine.observe.flapping import Flapping
from engine.observe.host import Watched
from engine.observe.memory import SILENT, Memory
from engine.observe.steady import Steady
from engine.observe.stream import Stream
from engine.observe.turns import AT_ONCE, ELSEWHERE
from engine.own import OwnTime, too_busy
from engine.sections import facts, hints
from engine.seen import Seen

_SOON = 0.7
"""Seconds after which what is known is told, though not every host has answered yet; and again after as many."""
_GLANCE = 0.02
"""Seconds between two glances at whether all hosts have answered whom somebody asks for."""
_EASE = 2
"""After the news were looked for, this many times as long passes before they are again."""


class Watch:
    """What all hosts' answers come together in."""

    def __init__(
        self, cluster: Cluster, every: float, stream: Stream, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._every = every
        self._stream = stream
        self.own = OwnTime(clock)
        self._clock = self.own.now
        self._changed = asyncio.Event()
        periods = {name: fact.period * every for name, fact in FACTS.items()}
        self._memory = Memory(cluster, periods, self.own.older)
        known, told_by = facts(), hints()
        self.hosts: Sequence[Watched] = [
            Watched(
                cluster,
                name,
                known,
                told_by,
                periods,
                self._memory,
                self._clock,
                self._changed.set,
                self._ask_again,
                self._stirred,
            )
            for name in cluster.hosts
        ]
        self._flapping = Flapping(cluster)
        self._steady = Steady()
        self._seen = Seen.of(cluster, ClusterState())
        """What is so, by the last look at it."""
        self._untold = 0

    async def run(self) -> None:
        """Tell without end. Of what changes it tells once every host has answered, or WITHIN seconds have passed."""
        # What was imported until now held nobody up.
        self.own.longest()
        await self._first()
        told = self._seen = self._now()
        self._snapshot(self._seen)
        tick = self._clock()
        while True:
            tick = max(tick + self._every, self._clock())
            while (left := tick - self._clock()) > 0:
                held = self._memory.settle(self._clock(), self._awaited) - self._clock()
                if await self._wait(min(left, max(held, 0.01))) or held < left:
                    told = await self._tell_changes(told)
            # What grew too old has stirred nobody.
            told = await self._tell_changes(told)
            self._snapshot(self._seen)

    async def _first(self) -> None:
        """What is known so far, while some host is waited for: who is there must not be hidden by one that is not."""
        begun = self._clock()
        until = begun + WITHIN
        soon = begun + _SOON
        while not self._memory.complete(now := self._clock()) and now < until:
            if now >= soon:
                soon = now + _SOON
                self._snapshot(self._now(), complete=False)
            await self._wait(min(soon, until) - self._clock())

    def _now(self) -> Seen:
        now = self._clock()
        return self._flapping.judge(Seen.of(self._cluster, self._memory.state(now)), now)

    async def _wait(self, within: float) -> bool:
        """Whether something new came before so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def _stirred(self, name: str, layers: tuple[str, ...]) -> None:
        """A host gave hints of these layers: the others that carry them are asked at the same time."""
        layers = tuple(layer for layer in layers if not LAYER_OF[layer].told_alone)
        if not layers:
            return
        for layer in layers:
            self._memory.hold(layer, self._clock())
        for host in self.hosts:
            if host.name != name:
                host.stir(AT_ONCE, layers)

    def _awaited(self, layer: str) -> bool:
        return any(host.turns.awaited(layer, self._clock()) for host in self.hosts)

    def _ask_again(self, layer: str) -> None:
        """Whoever may have told of what was so before a change is asked for what is so after it."""
        now = self._clock()
        if old := self._memory.outdated(layer, now):
            self._memory.hold(layer, now)
            for host in self.hosts:
                if host.name in old and not host.turns.awaited(layer, now):
                    host.stir((0.0,), (layer,))

    async def _anew(self, late: float) -> None:
        """This process was held up for so long that what it knows is too old: every host is awaited anew."""
        reason = too_busy(late)
        self._memory.begin_anew(self._clock(), f"is asked anew: {reason}")
        for host in self.hosts:
            host.stir((0.0,))
        verdict = self._now().layers[0].verdict
        self._tell(
            Event(time.time(), "hosts", "", verdict, f"nothing was looked at: {reason}. Every host is asked anew")
        )
        await self._first()

    async def _tell_changes(self, before: Seen) -> Seen:
        """Tell what is another than in `before`; what is told of by then."""
        if (late := self.own.longest()) > SILENT:
            await self._anew(late)
        begun, spent = self._clock(), time.process_time()
        self._memory.settle(begun, self._awaited)
        latest = self._memory.state(begun, settled=False) if self._memory.holds else None
        view = Seen.of(self._cluster, self._memory.state(begun), latest, self._memory.awaited(begun)).after(before)
        self._seen = self._flapping.judge(view, begun)
        told = self._steady.view(before, self._seen, begun)
        found = events(before, told, time.time())
        for event in found:
            self._tell(event)
        if found:
            self._snapshot(self._seen)
            for host in self.hosts:
                host.stir(ELSEWHERE)
        await asyncio.sleep(_EASE * (time.process_time() - spent))
        return told

    async def look(self) -> Snapshot:
        """What is so from now on: every host is asked all of its layers anew, and waited for as in a look."""
        real, at, asked = time.monotonic(), time.time(), self._clock()
        for host in self.hosts:
            host.stir((0.0,))
        # A host that does not answer is known to be silent after WITHIN; another second is for this process.
        while not self._memory.fresh(asked, now := self._clock()) and now < asked + WITHIN + 1:
            await asyncio.sleep(_GLANCE)
        return self._now().snapshot(self._cluster, at, took=time.monotonic() - real)

    def _tell(self, event: Event) -> None:
        self._untold += not self._stream.tell(event)

    def _snapshot(self, seen: Seen, *, complete: bool = True) -> None:
        if self._untold:
            lost = Event(
                time.time(), "hosts", "", seen.layers[0].verdict,
                f"{self._untold} events were not told: the reader was too slow",
            )  # fmt: skip
            self._untold *= not self._stream.tell(lost)
        ages = self._memory.ages(self._clock())
        self._stream.tell(seen.snapshot(self._cluster, time.time(), ages=ages, complete=complete))


async def watch(cluster: Cluster, every: float) -> None:
    """Lines on stdout until SIGTERM, SIGINT, or until nobody reads them; no connection is left then."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)

    def gone() -> None:
        loop.call_soon_threadsafe(over.set)

    whole = Watch(cluster, every, Stream(sys.stdout.fileno(), gone))
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(host.run()) for host in whole.hosts]
    tasks += [
        asyncio.ensure_future(whole.own.beat()),
        asyncio.ensure_future(whole.run()),
        asyncio.ensure_future(over.wait()),
    ]
    async with opened(cluster, whole.look):
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        task.result()
