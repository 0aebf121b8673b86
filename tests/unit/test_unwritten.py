"""A journal that can't be written, at every write of a run: no act without its intent on the disk, none forgotten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.outcome import Outcome

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """In memory: hundreds of syncs are asked for."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def carried_out(home: Path, *words: str, inside: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*inside, sys.executable, "-m", "tests.unit.unwritten", *words],
        cwd=ROOT, env={**os.environ, "XDG_STATE_HOME": str(home)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def whole(found: dict[str, Any]) -> dict[str, str]:
    """How it ended, from the engine's last words or from the journal; what holds of every run is held."""
    assert not found.get("died"), found
    assert not found["bare"], f"an act without its intent on the disk: {found}"
    end: dict[str, str] = found["said"] or found["end"]
    assert end, f"nobody is told how it ended: {found}"
    assert Outcome(end["outcome"]).exit_code == found["code"], found
    for name in found["done"]:
        assert f"{name} (" in end["reason"] or "All of it was done" in end["reason"] or found["code"] == 0, found
    return end


@pytest.mark.parametrize("how", ["once", "full", "read-only", "torn"])
def test_no_act_without_its_intent_and_nothing_that_was_done_is_forgotten(how: str, home: Path) -> None:
    runs = carried_out(home, how)
    assert len(runs) > 16, "each event is a write and a sync"
    for found in runs:
        end = whole(found)
        if not found["failed"]:
            assert found["code"] == (Outcome.REVERTED.exit_code if found["fails"] else 0)
            continue
        assert found["code"] != 0, found
        assert "can't be written" in end["reason"], found


def test_what_is_written_in_pieces_is_whole(home: Path) -> None:
    for found in carried_out(home, "short"):
        assert whole(found)["outcome"] == (Outcome.REVERTED if found["fails"] else Outcome.DONE), found


@pytest.mark.skipif(os.geteuid() != 0, reason="it mounts a file system")
@pytest.mark.parametrize(("option", "fill"), [("size=256k", "fill"), ("size=4k", ""), ("ro", "")])
def test_on_a_full_and_on_a_read_only_file_system(option: str, fill: str, tmp_path: Path) -> None:
    mounted = ("unshare", "-m", "sh", "-c", f'mount -t tmpfs -o {option} tmpfs {tmp_path} && exec "$@"', "sh")
    (found,) = carried_out(tmp_path, "real", fill, inside=mounted)
    end = whole(found)
    assert "can't be written" in end["reason"]
    if fill:
        # What was kept in reserve has room for how it was taken back.
        assert found["end"]["outcome"] == Outcome.REVERTED and not found["done"]
        assert found["events"][-5:] == ["undo", "undone", "undo", "undone", "end"]
    else:
        assert end["outcome"] == Outcome.REFUSED and not found["events"]
