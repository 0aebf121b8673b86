"""What was recorded before a console began is among its events, with the time in which nobody watched."""

from __future__ import annotations

import asyncio
import json

from cluster.health.verdict import Verdict
from cluster.wire.observed import Event, told
from tests.streams.build import START, STORIES
from tests.unit.tui.desk import Fixed, shown
from tui.console.app import Console
from tui.console.known import EVENTS, Known
from tui.console.past import past
from tui.recording.write import Recorder

CLUSTER = "lab-192.168.47.0"


def recorded(story: str) -> float:
    """When the last line was from."""
    recorder = Recorder(CLUSTER)
    last = START
    for line in STORIES[story](8):
        assert recorder.take(line) is None
        last = told(line).at
    recorder.close()
    return last


def test_without_a_recording_there_is_no_past() -> None:
    assert past(CLUSTER, START) == []


def test_events_that_were_recorded_are_told_and_a_gap_is_named() -> None:
    last = recorded("degraded")
    at_once = past(CLUSTER, last + 1)
    assert at_once and all(event.verdict is not Verdict.UNKNOWN for event in at_once)
    later = past(CLUSTER, last + 3600)
    assert later[:-1] == at_once
    assert "nobody watched from" in later[-1].text and later[-1].at == last + 3600
    assert past(CLUSTER, START - 10) == []


def test_they_come_before_what_was_told_as_far_as_there_are_places() -> None:
    def event(text: str) -> Event:
        return Event(START, "galera", "", Verdict.OK, text)

    known = Known()
    known.take(event("new"), 0.0)
    known.remember([event("older"), event("old")])
    assert [one.event.text for one in known.events] == ["older", "old", "new"]
    assert [one.number for one in known.events] == [-1, 0, 1]
    known.remember([event(str(number)) for number in range(EVENTS)])
    assert len(known.events) == EVENTS and known.events[-1].event.text == "new"


def test_the_console_shows_them() -> None:
    recorded("split")
    later = [json.loads(line) for line in STORIES["healthy"](8)]
    lines = [json.dumps({**line, "at": line["at"] + 600}).encode() for line in later]
    app = Console(Fixed(lines), record=True)

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(app, pilot, "nobody watched from")
            await pilot.press("2", "right", "right")
            await shown(app, pilot, "the newest first")
            await shown(app, pilot, "the owner of 192.168.47.47 was haproxy1, and is haproxy1, h")

    asyncio.run(run())
