"""`python -m tests.unit.tui.pictures`: draw the pictures of the README and the docs anew, from the recorded streams."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from pathlib import Path

from tests.streams.build import STORIES
from tests.unit.tui import journals
from tests.unit.tui.desk import PLAN, Fixed, stood_for
from tui.console.app import Console

TO = Path(__file__).parents[3] / "docs" / "pictures"
NARROW, WIDE = (100, 30), (160, 42)
PICTURES: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {
    "overview": ((80, 24), ()),
    "wide": (WIDE, ("down", "down", "down", "right", "right")),
    "layer": (NARROW, ("2", "right")),
    "node": (NARROW, ("3", "right", "right")),
    "events": (NARROW, ("4",)),
    "runs": (NARROW, ("5", "home", "enter")),
    "gates": (NARROW, ("6",)),
    "plan": (NARROW, ("U", "y", "s", "home", "enter", "enter")),
    "help": (NARROW, ("question_mark",)),
}
"""The name of each picture to the size of its terminal and the keys that lead to it."""
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


async def draw(name: str, folder: Path) -> str:
    """One picture, as SVG that loads nothing from anywhere."""
    size, keys = PICTURES[name]
    app = Console(Fixed(STORIES["degraded"](8)))
    app.command = stood_for(folder, PLAN)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.8)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.5)
        drawn = app.export_screenshot(title="hatui")
    return _FONT.sub("", drawn).replace("Fira Code", "monospace")


def main() -> None:
    """All of them; a rollout goes on meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"XDG_STATE_HOME": folder, "TZ": "UTC"}
        time.tzset()
        journals.stopped()
        for name in PICTURES:
            if name in ("runs", "wide"):
                with journals.going_on():
                    drawn = asyncio.run(draw(name, Path(folder)))
            else:
                drawn = asyncio.run(draw(name, Path(folder)))
            (TO / f"{name}.svg").write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n")


if __name__ == "__main__":
    main()
