"""Never two at once: a deploy by hand holds the cluster's lock too, from its first change to its end."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator

from pyinfra import host, state
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.locked import Holder
from cluster.spec import Cluster
from operations import progress
from operations.locking import Lock, Locked, whoami
from operations.steps import refused

HELD = "HATUI_LOCK_HELD"
"""Set in the environment of a deploy that the engine itself has begun, under its lock."""
NAME = "Nobody else changes the cluster"


@operation()
def unlocked() -> Generator[PyinfraCommand, None, None]:
    """From here on, take the cluster's lock before the first command of this deploy that changes something.

    A deploy that finds all as it should be takes none. Where somebody has it, the first change of any host is refused;
    says who, since when and for what. It frees itself when the deploy's process ends.
    """
    if HELD not in os.environ and state.is_executing:
        _deploy.guard(host.data.cluster)
    yield from ()


class _Deploy:
    """This process's deploy: one for each process, as pyinfra has it."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._lock: Lock | None = None
        self._refusal = ""
        # Hosts are worked on side by side.
        self._taking = threading.Lock()

    def guard(self, cluster: Cluster) -> None:
        """Have every operation of every host ask before each of its commands."""
        if self._cluster is not None:
            return
        self._cluster = cluster
        for operations in state.ops.values():
            for prepared in operations.values():
                prepared.command_generator = self._guarded(prepared.command_generator)

    def _guarded(self, commands: Callable[[], Iterator[PyinfraCommand]]) -> Callable[[], Iterator[PyinfraCommand]]:
        def guarded() -> Iterator[PyinfraCommand]:
            if self._lock is None:
                # To look needs no lock. What is to be done is looked at once more when it is held.
                looked = commands()
                something = next(looked, None)
                looked.close()  # type: ignore[attr-defined]
                if something is None:
                    return
                if reason := self._take():
                    yield refused(NAME, reason)
                    return
            for command in commands():
                if lost := progress.why_lost():
                    yield refused(NAME, lost)
                    return
                yield command

        return guarded

    def _take(self) -> str:
        """Why the lock is not to be had; empty when it is held."""
        with self._taking:
            if self._lock is None and not self._refusal:
                assert self._cluster is not None
                files = " ".join(word for word in sys.argv[1:] if word.endswith(".py"))
                me = Holder(f"deploy-{time.strftime('%Y%m%d-%H%M%S')}", whoami(), time.time(), f"pyinfra {files}")
                try:
                    self._lock = Lock(self._cluster, me)
                except Locked as held:
                    self._refusal = f"{held} Wait for its end: `hatui history`."
                else:
                    progress.under(self._lock.why_lost)
        return self._refusal


_deploy = _Deploy()
