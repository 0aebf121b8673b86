"""Where this machine keeps what happened: in `$XDG_STATE_HOME/hatui/CLUSTER` (~/.local/state; XDG base directories)."""

from __future__ import annotations

import os
from pathlib import Path


def state_path(cluster: str) -> Path:
    """Where all that is kept on this machine of the cluster of that name lies."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "hatui" / cluster


def runs_path(cluster: str) -> Path:
    """Where the runs on the cluster of that name are written."""
    return state_path(cluster) / "runs"


def journal_path(cluster: str, run: str) -> Path:
    """The journal of that run on the cluster of that name, whether it has begun or not."""
    return runs_path(cluster) / f"{run}.jsonl"


def team_path(cluster: str, run: str) -> Path:
    """Where this machine keeps what the hosts have of the journal of that run (engine/team.py)."""
    return state_path(cluster) / "team" / f"{run}.jsonl"


def held_path(cluster: str) -> Path:
    """Where it keeps by which run the lock was held when the hosts were asked last."""
    return state_path(cluster) / "team" / "held"
