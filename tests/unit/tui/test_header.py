"""The header: what is not well is counted there whatever else wants the room."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from textual.pilot import Pilot

from cluster.health.verdict import LayerHealth, Verdict
from cluster.wire.observed import Snapshot, told
from tests.streams.build import STORIES
from tests.unit.tui import journals
from tests.unit.tui.desk import on, text
from tui.console.app import Console
from tui.console.known import Known
from tui.console.views.header import Mode, header

RUN = "▶ Move the database's writer to mysql2 (5)"
VERDICTS = (Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN)


def seen() -> Snapshot:
    first = told(next(iter(STORIES["healthy"](5))))
    assert isinstance(first, Snapshot)
    return first


def second(snapshot: Snapshot, run: str, width: int) -> str:
    known = Known(snapshot=snapshot)
    return header(known, 0, 0, Mode("LOCKED", unlocked=False), run, width)[1].text


def judged(*verdicts: Verdict) -> Snapshot:
    return msgspec.structs.replace(
        seen(), layers=tuple(LayerHealth(f"l{n}", one, "") for n, one in enumerate(verdicts))
    )


@pytest.mark.parametrize("width", [40, 60, 79, 80, 99, 100, 120, 160])
@pytest.mark.parametrize("run", ["", RUN])
def test_what_is_not_well_is_counted_at_any_width(width: int, run: str) -> None:
    for mask in range(8):
        found = [one for n, one in enumerate(VERDICTS) if mask >> n & 1]
        line = second(judged(Verdict.OK, *found), run, width)
        assert all(f"{one} 1" in line for one in found), line
        assert len(line) <= max(width, 43)
    four = second(judged(*[Verdict.OK] * 3, *[Verdict.UNKNOWN] * 4), run, width)
    assert "? UNKNOWN 4" in four
    assert "OK 3" in four or width < 80


def test_two_owners_are_named_before_the_run_and_the_lock() -> None:
    snapshot = judged(Verdict.OK, Verdict.FAIL)
    split = replace_where(snapshot, "haproxy1, haproxy2")
    assert "haproxy1, haproxy2" in second(split, RUN, 60)
    whole = second(snapshot, RUN, 160)
    assert all(words in whole for words in ("VIP .47 haproxy1", "VIP .48 cc01", "LOCK free", "▶ Move the database"))


def replace_where(snapshot: Snapshot, value: str) -> Snapshot:
    first = next(one for one in snapshot.where if one.vip)
    owners = replace(first, value=value, holders=tuple(value.split(", ")))
    where = tuple(owners if one is first else one for one in snapshot.where)
    return msgspec.structs.replace(snapshot, where=where)


def test_at_80_columns_the_counts_stay_while_a_run_goes_on() -> None:
    async def check(app: Console, pilot: Pilot[None]) -> None:
        for _ in range(100):
            if "▶" in text(app):
                break
            await pilot.pause(0.05)
        top = text(app).splitlines()[1]
        assert "▶" in top and "? UNKNOWN 2" in top, top

    journals.stopped()
    with journals.going_on():
        on("unknown", check)
