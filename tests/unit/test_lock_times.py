"""The times of the cluster's lock are those that docs/engine.md tells."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from operations.lock_script import LARGEST, RUNS_KEPT

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| .* \| ([0-9.]+) \| `([a-z_/]+)\.py` `([A-Z_]+)` \|$", re.MULTILINE)


def test_each_time_of_the_lock_is_as_documented() -> None:
    rows = ROW.findall((ROOT / "docs/engine.md").read_text())
    told = {(file, name): float(seconds) for seconds, file, name in rows}
    found = {key: getattr(importlib.import_module(key[0].replace("/", ".")), key[1]) for key in told}
    assert told == found and len(told) == 11


def test_a_host_keeps_as_much_of_former_runs_as_documented() -> None:
    text = " ".join((ROOT / "docs/engine.md").read_text().split())
    assert f"the newest {RUNS_KEPT} runs, {LARGEST / 2**20:g} MiB each" in text
