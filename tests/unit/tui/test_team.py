"""What another operator's machine did is among the console's runs, once the hosts have told of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from engine.paths import held_path, team_path
from tests.streams.build import STORIES
from tests.unit.tui import journals
from tests.unit.tui.desk import Fixed, shown
from tests.unit.tui.journals import CLUSTER
from tui.console.app import Console

RUN = "20261125-021000-0009"


def test_a_colleagues_run_is_shown_while_the_lock_is_held_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def gather() -> None:
        lines = journals.journal("copied", journals.begun(0)).read_text().replace("copied", RUN)
        (tmp_path / "hatui" / CLUSTER / "runs" / "copied.jsonl").unlink()
        path = team_path(CLUSTER, RUN)
        path.parent.mkdir(parents=True, exist_ok=True)
        held_path(CLUSTER).write_text(RUN)
        path.write_text(lines)
        assert json.loads(lines.splitlines()[0])["run"] == RUN

    async def run() -> None:
        app = Console(Fixed(STORIES["healthy"](8)), team=gather)
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(app, pilot, "▶ Roll out galera (5)")

    asyncio.run(run())
