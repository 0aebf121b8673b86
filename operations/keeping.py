"""This side of the process that keeps the cluster's lock (operations/keeper.py), which it starts."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import subprocess
import threading
from collections.abc import Iterable

import msgspec

from cluster.lease import PATIENCE
from cluster.locked import Holder, LockNode, held_by
from cluster.names import RUNS
from operations.pauses import now
from operations.start import own

HERE = 1.0
"""Seconds between two words of this process to the one that keeps its lock."""
TURN = 0.2
"""Seconds after which an answer is looked for again."""
KEPT = 10.0
"""Seconds in which a majority of the hosts must have a line of the journal on its disk."""


class Keeping:
    """This side of the process that keeps the lock for `me`; what it has said."""

    def __init__(self, me: Holder, needed: int, check_in: float) -> None:
        self.said: dict[str, str] = {}
        """What each host has said: taken, held, or that its connection ended."""
        self.holders: dict[str, LockNode] = {}
        self.held = False
        self.lost = ""
        self.count = 0
        """How many hosts held it when it was lost."""
        self._kept: dict[int, set[str]] = {}
        self._unkept: dict[int, set[str]] = {}
        self._lines = 0
        self._until = -math.inf
        self._asked = self._answered = 0
        self._news = threading.Condition()
        self._ended = threading.Event()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                own("operations.keeper"),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C is for whoever acts.
                start_new_session=True,
            )
        self.send(me=msgspec.json.encode(me).decode(), needed=needed, check_in=check_in)
        for work in (self._listen, self._check_in):
            threading.Thread(target=work, daemon=True).start()

    def send(self, **line: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(line).encode() + b"\n")

    def wait(self, seconds: float) -> None:
        """Until something is told, for so long at most."""
        with self._news:
            self._news.wait(seconds)

    def log(self, line: str) -> int:
        """Send a line of the journal on its way; its number."""
        with self._news:
            self._lines += 1
            self._kept[self._lines], self._unkept[self._lines] = set(), set()
            self.send(log=[self._lines, line])
            return self._lines

    def unkept(self, number: int, hosts: Iterable[str], needed: int) -> str:
        """Which hosts have not kept that line and why, once it is decided that too few have; empty if enough have."""
        names = set(hosts)
        deadline = now() + KEPT
        with self._news:
            while len(self._kept[number]) < needed:
                if self.lost:
                    return "the cluster's lock is lost"
                failed = self._unkept[number]
                if len(names - failed) < needed:
                    return f"{', '.join(sorted(failed))} could not write {RUNS} (is the disk full?)"
                if now() >= deadline:
                    silent = ", ".join(sorted(names - self._kept[number]))
                    return f"{silent} had not written {RUNS} after {KEPT:g} s"
                self._news.wait(deadline - now())
            return ""

    def why_lost(self) -> str | None:
        """Why it is lost; None if it is held, by what its keeper says now."""
        with self._news:
            waited = 0.0
            while not self.lost:
                self._asked += 1
                mine = self._asked
                self.send(ask=mine)
                while self._answered < mine and not self.lost and waited < PATIENCE:
                    begun = now()
                    self._news.wait(TURN)
                    # Where this process stood still, the answer may be there, and has not been heard.
                    waited += min(now() - begun, 2 * TURN)
                if not self.lost and self._answered >= mine and now() < self._until:
                    return None
                if waited >= PATIENCE:
                    self.lost = f"The process that keeps it did not answer for {waited:.1f} s."
            return self.lost

    def end(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _check_in(self) -> None:
        while not self._ended.wait(HERE):
            self.send(here=True)

    def _listen(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    with self._news:
                        self._hear(json.loads(line))
                        self._news.notify_all()
        except (OSError, ValueError):
            pass
        with self._news:
            self.lost = self.lost or "The process that keeps it has ended."
            self._news.notify_all()

    def _hear(self, line: dict[str, object]) -> None:
        match line:
            case {"said": [str(host), str(what), str(text)]}:
                if self.said.get(host) != "held":
                    self.said[host] = what
                if what == "held":
                    self.holders[host] = held_by(text)
            case {"held": float()}:
                self.held = True
            case {"answer": int(number), "until": float(until)}:
                self._answered, self._until = number, until
            case {"kept": [str(host), int(number)]}:
                self._kept.get(number, set()).add(host)
            case {"unkept": [str(host), int(number)]}:
                self._unkept.get(number, set()).add(host)
            case {"lost": str(why), "count": int(count)}:
                self.lost, self.count = self.lost or why, count
