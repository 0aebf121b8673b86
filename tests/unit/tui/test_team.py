"""What another operator's machine did is among the console's runs, once the hosts have told of it."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from engine.paths import held_path, team_path
from tests.pace import wait_until
from tests.streams.build import STORIES
from tests.unit.tui import journals
from tests.unit.tui.desk import Fixed, shown
from tests.unit.tui.journals import CLUSTER
from tui.console import app as app_module
from tui.console.app import Console

RUN = "20261125-021000-0009"


def test_a_colleagues_run_is_shown_while_the_lock_is_held_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    own = journals.journal(RUN, journals.begun(0))
    lines = own.read_text()
    own.unlink()
    # Known before: the console's thread may run on after the test, whose places are not its own any more.
    path, held = team_path(CLUSTER, RUN), held_path(CLUSTER)
    asked: list[float] = []

    def gather() -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            path.parent.mkdir(parents=True, exist_ok=True)
            held.write_text(RUN)
            path.write_text(lines)

    async def run() -> None:
        app = Console(Fixed(STORIES["healthy"](8)), team=gather)
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(app, pilot, "▶ Roll out galera (5)")

    monkeypatch.setattr(app_module, "TEAM", 0.01)
    asyncio.run(run())
    # With the console its asking is over.
    wait_until(lambda: not any(one.name == "team" for one in threading.enumerate()), 10)
    assert len(asked) > 1
