"""Textual's command palette, where enter takes what was typed, not what is still shown for the letters before."""

from __future__ import annotations

import contextlib

from textual import on
from textual.command import CommandPalette
from textual.widgets import Input
from textual.worker import WorkerCancelled


class Finder(CommandPalette):
    """Textual searches in the background, and on enter takes the first line that is there: on a busy machine that is
    a line of the search before, and another action is run than the one that was asked for."""

    @on(Input.Submitted)
    async def _found(self) -> None:
        # Textual's own handler of this message comes after this one.
        for search in [worker for worker in self.workers if worker.node is self]:
            with contextlib.suppress(WorkerCancelled):
                await search.wait()
