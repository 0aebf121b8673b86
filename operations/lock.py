"""Never two at once: while the engine holds the cluster's lock, a deploy by hand changes nothing."""

from __future__ import annotations

import os
from collections.abc import Generator

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.state import LockNode
from facts.lock import ClusterLock
from operations.steps import refused

HELD = "HATUI_LOCK_HELD"
"""Set in the environment of a deploy that the engine itself has begun, under its lock."""


@operation()
def unlocked() -> Generator[PyinfraCommand, None, None]:
    """Refuse where somebody holds the lock on this host; says who, since when and for what."""
    if HELD in os.environ:
        return
    lock = host.get_fact(ClusterLock)
    if not isinstance(lock, LockNode) or lock.held:
        said = lock if isinstance(lock, LockNode) else "Whether the cluster's lock is held can't be read"
        yield refused("Nobody else changes the cluster", f"{said}. Wait for its end: `hatui history`.")
