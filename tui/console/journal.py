"""The runs of the journal, read again only where something came."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from engine.known_runs import Run, read
from engine.paths import held_path, runs_path

SHOWN = 50
"""Runs that are told of, the newest."""


class Journal:
    """The runs on one cluster, as they are on this machine's disk, with what it knows of other machines'."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[int, Run]] = {}

    def newest(self, cluster: str) -> list[Run]:
        """The newest first. Takes some milliseconds: not for the thread that answers keys."""
        found: dict[Path, tuple[int, Run]] = {}
        team = {path.name: path for path in held_path(cluster).parent.glob("*.jsonl")}
        paths = {**team, **{path.name: path for path in runs_path(cluster).glob("*.jsonl")}}
        for _, path in islice(sorted(paths.items(), reverse=True), SHOWN):
            try:
                size = path.stat().st_size
            except OSError:
                continue
            former = self._read.get(path)
            # One that went on may have died since, which its file does not tell.
            if former and former[0] == size and not former[1].alive:
                found[path] = former
            elif run := read(path):
                found[path] = (size, run)
        self._read = found
        return [run for _, run in found.values()]
