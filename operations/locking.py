"""The cluster's lock: held on a majority of its hosts, and freed by itself when whoever holds it is gone.

On each host a shell holds flock(1) on a file in /run for as long as it hears from this side: it ends at the end of its
input, which a killed process brings about at once, and after `PATIENCE` seconds of silence, for a network that is cut
or a machine that has lost its power. So it needs no clean-up, and nothing of it is left.

The shell is in operations/lock_script.py. The connections and the beats are a small process's of their own
(operations/keeper.py, spoken to by operations/keeping.py), which no work delays. Whoever acts under the lock asks it
anew each time (`Lock.why_lost`).
"""

from __future__ import annotations

import getpass
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cluster.locked import Holder, LockNode
from cluster.spec import Cluster
from operations.client import ssh_command
from operations.keeping import Keeping
from operations.lock_script import lock_script

CHECK_IN = 15.0
"""Seconds after which the lock is freed of a process that is there, but does not run: stopped, or starved."""
ANSWER = 10.0
"""Seconds in which the hosts must have said whether the lock is free."""
FIRST = 0.5
"""Seconds after which the other hosts are asked, too, where those that were asked first have not decided."""
TRIES = 4
"""How often two that take it at the same moment draw back and try again."""


def whoami() -> str:
    """Who takes it, as it is told: the user and this machine."""
    return f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}"


class Unkept(Exception):
    """A line of the journal is not on the disks of a majority of the hosts; the text says on which, and why."""


class Locked(Exception):
    """The lock is not to be had; the text says who holds it, since when and for what, or which hosts did not answer."""


class Lock:
    """The lock of `cluster`, taken on making. Locked if it is not to be had."""

    def __init__(self, cluster: Cluster, me: Holder, *, check_in: float = CHECK_IN) -> None:
        self._cluster = cluster
        self._me = me
        self._majority = len(cluster.hosts) // 2 + 1
        for last in range(TRIES - 1, -1, -1):
            self._keeper = Keeping(me, self._majority, check_in)
            reason = self._try()
            if reason is None:
                break
            self._keeper.end()
            if not last or not reason.contended:
                raise Locked(str(reason))
            time.sleep(random.uniform(0.05, 0.4))  # noqa: S311 (no secret)

    def why_lost(self) -> str | None:
        """Why this process must not act any longer, or None while a majority of the hosts holds the lock for it.

        Asked of the hosts' keeper now. Once it is lost it stays lost.
        """
        why = self._keeper.why_lost()
        if why is None:
            return None
        count = self._keeper.count
        return (
            f"The cluster's lock is lost: {count} of {len(self._cluster.hosts)} hosts hold it, "
            f"{self._majority} are needed. {why}"
        )

    def keep(self, line: str, *, wait: bool) -> None:
        """Have every host that holds the lock append a line, without its end, to its copy of the run's journal.

        With `wait`, until it is synced on a majority of all hosts; Unkept where it is not, within KEPT seconds.
        """
        number = self._keeper.log(line)
        if wait and (why := self._keeper.unkept(number, self._cluster.hosts, self._majority)):
            raise Unkept(
                f"Too few hosts keep the run's journal, {self._majority} of {len(self._cluster.hosts)} must: {why}."
            )

    def release(self) -> None:
        """Free it on every host."""
        self._keeper.end()

    def _try(self) -> _Refusal | None:
        # A majority decides. It is told sooner while no other connections are being made: those come afterwards.
        hosts = list(self._cluster.hosts)
        asked, rest = hosts[: self._majority], hosts[self._majority :]
        self._reach(asked)
        begun = time.monotonic()
        keeper = self._keeper
        while (left := begun + ANSWER - time.monotonic()) > 0 and not keeper.lost:
            if keeper.held:
                self._reach(rest)
                return None
            holder, count = _foremost(keeper.holders.values())
            if holder and count >= self._majority:
                return _Refusal(f"{holder}.", contended=False)
            said = len(keeper.said) >= len(asked)
            if said and not rest and sum(one == "taken" for one in keeper.said.values()) < self._majority:
                break
            if rest and (said or time.monotonic() - begun > FIRST):
                self._reach(rest)
                asked, rest = hosts, []
            keeper.wait(min(left, FIRST / 5))
        holder, _ = _foremost(keeper.holders.values())
        if holder:
            return _Refusal(f"{holder}.", contended=True)
        if keeper.lost:
            return _Refusal(f"The cluster's lock can't be taken. {keeper.lost} Run the same again.", contended=False)
        silent = [
            f"{name} ({'the connection ended' if name in keeper.said else 'no answer'})"
            for name in hosts
            if keeper.said.get(name) != "taken"
        ]
        return _Refusal(
            f"The cluster's lock can't be taken: {len(hosts) - len(silent)} of {len(hosts)} hosts gave it, "
            f"{self._majority} are needed; {', '.join(silent)} did not. Bring hosts back until a majority can be "
            "reached.",
            contended=False,
        )

    def _reach(self, hosts: Sequence[str]) -> None:
        command = lock_script(self._me.run)
        self._keeper.send(reach={name: ssh_command(self._cluster, name, command) for name in hosts})


def _foremost(holders: Iterable[LockNode]) -> tuple[LockNode | None, int]:
    """Whom most hosts name, and how many do; None where none names anybody."""
    counts = Counter(holders)
    holder = max(counts, key=counts.__getitem__, default=None)
    return holder, counts[holder] if holder else 0


@dataclass(frozen=True)
class _Refusal:
    reason: str
    contended: bool
    """Nobody may have a majority: it is worth another try."""

    def __str__(self) -> str:
        return self.reason
