"""Whether the cluster's lock is held on this host, and by whom."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.state import LockNode, Unknown
from cluster.text import clean
from cluster.wiring import LOCK
from facts.signs import Signs

HOLDER = f"{LOCK}.holder"
"""Written by who takes the lock, and taken away with it."""
SIGNS = Signs(files=(HOLDER,))
_LATEST = 1e11
"""Seconds since the epoch that a time may be: what a host says is shown as a date."""


class _Said(msgspec.Struct):
    run: str
    who: str
    since: float
    why: str


class ClusterLock(FactBase[LockNode | Unknown]):
    """The lock on this host: tried (flock(1)) only where a holder has left its name, so that nobody is kept from it."""

    @override
    def command(self) -> str:
        return (
            f"if [ -e {HOLDER} ] && [ -e {LOCK} ]; then flock -n {LOCK} true; "
            f"case $? in 0) echo free;; 1) echo held; head -c 2000 {HOLDER} 2>/dev/null;; esac; else echo free; fi"
        )

    @override
    def process(self, output: Iterable[str]) -> LockNode | Unknown:
        lines = [line for line in output if line]
        if lines == ["free"]:
            return LockNode(held=False)
        if lines[:1] != ["held"]:
            return Unknown(f"its answer could not be read: {clean(' '.join(lines), 100)}")
        try:
            said = msgspec.json.decode("".join(lines[1:]), type=_Said)
        except (msgspec.DecodeError, UnicodeError):
            return LockNode(held=True, who="somebody", why="it is not told")
        since = said.since if 0 <= said.since < _LATEST else 0.0
        return LockNode(True, clean(said.run, 40), clean(said.who, 80), since, clean(said.why, 160))
