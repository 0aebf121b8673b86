"""Answers that hosts themselves still wait for: who decides by a look waits for them, too.

On a busy machine a call takes seconds, and a look waits for two of them. That it has no answer yet says neither that
all is well nor that it is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from cluster.state import ClusterState
from operations.steps import LOOKS

LONGEST = 30.0
"""Seconds. A host gives a call half of that, and says then that there was no answer (cluster/openstack/record.py)."""
EVERY = 0.5
"""Seconds between two looks: one that finds a call without an answer takes two itself."""


def complete(look: Callable[[], ClusterState]) -> ClusterState:
    """What `look` sees, once it has seen an answer to each call that a host waits for.

    One that came meanwhile counts, though its host has asked again since and waits for the next one. After LONGEST
    and LOOKS looks, what has no answer is told as that.
    """
    begun, looks = time.monotonic(), 0
    answered: dict[tuple[str, str], Any] = {}
    while True:
        state, looks = _with(look(), answered), looks + 1
        records = [record for told in state.seen.values() for record in told.values()]
        if not any(one.awaits for one in records) or (looks >= LOOKS and time.monotonic() - begun > LONGEST):
            return state
        time.sleep(EVERY)


def _with(state: ClusterState, answered: dict[tuple[str, str], Any]) -> ClusterState:
    """The state with the newest answers that are known; those that it brings are put to them."""

    def newest(fact: str, host: str, record: Any) -> Any:
        former = answered.get((fact, host))
        if not record.awaits:
            answered[fact, host] = record
        elif isinstance(former, type(record)):
            return record.with_answer_of(former)
        return record

    return ClusterState(
        {fact: {host: newest(fact, host, one) for host, one in told.items()} for fact, told in state.seen.items()}
    )
