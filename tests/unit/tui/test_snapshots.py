"""Each screen as a picture, at both sizes, for each story; a change is looked at, then kept with --snapshot-update."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from tests.streams.build import STORIES
from tests.unit.tui import journals
from tests.unit.tui.desk import PLAN, Fixed, stood_for
from tui.console.app import Console

SIZES = {"80x24": (80, 24), "160x48": (160, 48)}
VIEWS = {
    "overview": (),
    "layer": ("2", "right", "right", "right"),
    "node": ("3", "right", "right", "right"),
    "events": ("4",),
    "runs": ("5",),
    "gates": ("6",),
}
ASKED = {
    "what": (PLAN, ("s",)),
    "where": (PLAN, ("s", "home", "enter")),
    "plan": (PLAN, ("s", "home", "enter", "enter")),
    "refused": (replace(PLAN, refused="haproxy2 does not serve", steps=()), ("d", "enter")),
    "guarded": (PLAN, ("u", "enter")),
    "rollout": (PLAN, ("o",)),
}
DIALOGS = {"help": ("question_mark",), "unlock": ("U",), "filter": ("4", "slash", "g", "tab")}


def pressing(keys: tuple[str, ...], pause: float = 0.1) -> Callable[[Pilot[None]], Awaitable[None]]:
    """What is done before the picture is taken."""

    async def press(pilot: Pilot[None]) -> None:
        await still(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(pause)
        for asked in pilot.app.screen.query(Input):
            asked.cursor_blink = False
        await still(pilot)

    return press


async def still(pilot: Pilot[None]) -> None:
    """Until the screen stays as it is: on a busy machine that takes longer."""
    pictures: list[str] = []
    while len(pictures) < 4 or len(set(pictures[-4:])) > 1:
        await pilot.pause(0.1)
        pictures.append(pilot.app.export_screenshot())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("story", sorted(STORIES))
def test_screen(snap_compare: Any, story: str, view: str, size: str) -> None:
    app = Console(Fixed(STORIES[story](8)))
    assert snap_compare(app, run_before=pressing(VIEWS[view]), terminal_size=SIZES[size])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_before_a_change(snap_compare: Any, tmp_path: Path, asked: str, size: str) -> None:
    """The engine is stood for: what it tells is fixed."""
    told, keys = ASKED[asked]
    app = Console(Fixed(STORIES["healthy"](8)))
    app.command = stood_for(tmp_path, told)
    assert snap_compare(app, run_before=pressing(("U", "y", *keys), 0.4), terminal_size=SIZES[size])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [(), ("home", "enter"), ("home", "down", "enter")], ids=["list", "running", "stopped"])
def test_runs(snap_compare: Any, keys: tuple[str, ...], size: str) -> None:
    journals.stopped()
    with journals.going_on():
        app = Console(Fixed(STORIES["healthy"](8)))
        run_before = pressing(("5", *keys), 0.6)
        assert snap_compare(app, run_before=run_before, terminal_size=SIZES[size])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dialog", DIALOGS)
def test_dialog(snap_compare: Any, dialog: str, size: str) -> None:
    app = Console(Fixed(STORIES["degraded"](8)))
    assert snap_compare(app, run_before=pressing(DIALOGS[dialog]), terminal_size=SIZES[size])


def test_without_colour(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Console(Fixed(STORIES["failed"](8)))
    assert snap_compare(app, run_before=pressing(()), terminal_size=SIZES["80x24"])


def test_in_a_light_terminal(snap_compare: Any) -> None:
    app = Console(Fixed(STORIES["failed"](8)), light=True)
    assert snap_compare(app, run_before=pressing(()), terminal_size=SIZES["80x24"])
