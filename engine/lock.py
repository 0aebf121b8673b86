"""The cluster's lock: held on a majority of its hosts, and freed by itself when whoever holds it is gone.

On each host a shell holds flock(1) on a file in /run for as long as it hears from this process: it ends at the end of
its input, which a killed process brings about at once, and after `PATIENCE` seconds of silence, for a network that is
cut or a machine that has lost its power. So it needs no clean-up, and nothing of it is left.
"""

from __future__ import annotations

import contextlib
import random
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import gevent
import msgspec

from cluster.locked import Holder, held_by
from cluster.spec import Cluster
from cluster.state import LockNode
from cluster.wiring import LOCK
from engine.client import ssh_command

PATIENCE = 4
"""Seconds of silence after which a host frees the lock."""
BEAT = 1.0
"""Seconds between two signs of life."""
ANSWER = 5.0
"""Seconds in which the hosts must have said whether the lock is free."""
FIRST = 0.5
"""Seconds after which the other hosts are asked, too, where those that were asked first have not decided."""
TRIES = 4
"""How often two that take it at the same moment draw back and try again."""

_SCRIPT = f"""
umask 077
mkdir -p /run/hatui && exec 9>>{LOCK} || exit 1
IFS= read -r -t {PATIENCE} me || exit 1
if ! flock -n 9; then printf 'held '; head -c 2000 {LOCK}.holder 2>/dev/null | head -n 1; echo; exit 3; fi
printf '%s\\n' "$me" >{LOCK}.holder
echo taken
while read -r -t {PATIENCE} beat; do echo "$beat" || break; done
rm -f {LOCK}.holder
"""


class Locked(Exception):
    """The lock is not to be had; the text says who holds it, since when and for what, or which hosts did not answer."""


@dataclass
class _Hold:
    """The lock on one host."""

    host: str
    process: subprocess.Popen[bytes]
    said: str = ""
    """"taken", "held", or why it could not be asked; empty until it has said."""
    holder: LockNode | None = None
    heard: float = 0.0
    """When it gave the last sign of life (monotonic)."""
    reader: gevent.Greenlet | None = field(default=None, repr=False)

    @property
    def alive(self) -> bool:
        return self.said == "taken" and time.monotonic() - self.heard < PATIENCE - BEAT

    def release(self) -> None:
        with contextlib.suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()


class Lock:
    """The lock of `cluster`, taken on making. Locked if it is not to be had."""

    def __init__(self, cluster: Cluster, me: Holder) -> None:
        self._cluster = cluster
        self._me = me
        self._majority = len(cluster.hosts) // 2 + 1
        self._holds: list[_Hold] = []
        for last in range(TRIES - 1, -1, -1):
            reason = self._try()
            if reason is None:
                break
            self.release()
            if not last or not reason.contended:
                raise Locked(str(reason))
            gevent.sleep(random.uniform(0.05, 0.4))  # noqa: S311 (no secret)
        self._beating = gevent.spawn(self._beat)

    def why_lost(self) -> str | None:
        """Why this process must not act any longer, or None while a majority of the hosts holds the lock for it."""
        alive = [hold.host for hold in self._holds if hold.alive]
        if len(alive) >= self._majority:
            return None
        gone = sorted(set(self._cluster.hosts) - set(alive))
        return (
            f"The cluster's lock is lost: {len(alive)} of {len(self._cluster.hosts)} hosts hold it, "
            f"{self._majority} are needed ({', '.join(gone)} do not)."
        )

    def release(self) -> None:
        """Free it on every host."""
        beating = getattr(self, "_beating", None)
        if beating is not None:
            beating.kill()
        for hold in self._holds:
            hold.release()
            if hold.said != "taken":
                # There is nothing to be freed on that host, or the end of the connection frees it.
                hold.process.kill()
        for hold in self._holds:
            with contextlib.suppress(subprocess.TimeoutExpired):
                hold.process.wait(timeout=2)
            if hold.process.poll() is None:
                hold.process.kill()
                hold.process.wait()
        self._holds = []

    def _try(self) -> _Refusal | None:
        # A majority decides. It is told sooner while no other connections are being made: those come afterwards.
        hosts = list(self._cluster.hosts)
        self._ask(hosts[: self._majority])
        rest = hosts[self._majority :]
        begun = time.monotonic()
        while time.monotonic() - begun < ANSWER:
            if sum(hold.said == "taken" for hold in self._holds) >= self._majority:
                self._ask(rest)
                return None
            most = Counter(hold.holder for hold in self._holds if hold.holder).most_common(1)
            if most and most[0][1] >= self._majority:
                return _Refusal(f"{most[0][0]}.", contended=False)
            said = all(hold.said for hold in self._holds)
            if said and not rest:
                break
            if said or time.monotonic() - begun > FIRST:
                self._ask(rest)
                rest = []
            gevent.sleep(0.005)
        holders = Counter(hold.holder for hold in self._holds if hold.holder)
        if holders:
            return _Refusal(f"{holders.most_common(1)[0][0]}.", contended=True)
        silent = [f"{hold.host} ({hold.said or 'no answer'})" for hold in self._holds if hold.said != "taken"]
        taken = len(self._holds) - len(silent)
        return _Refusal(
            f"The cluster's lock can't be taken: {taken} of {len(self._holds)} hosts gave it, {self._majority} are "
            f"needed; {', '.join(silent)} did not. Bring hosts back until a majority can be reached.",
            contended=False,
        )

    def _ask(self, hosts: Sequence[str]) -> None:
        command = f"exec bash -c {shlex.quote(_SCRIPT)}"
        line = msgspec.json.encode(self._me) + b"\n"
        for name in hosts:
            process = subprocess.Popen(
                ssh_command(self._cluster, name, command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            hold = _Hold(name, process)
            hold.reader = gevent.spawn(_read, hold)
            self._holds.append(hold)
            _write(hold, line)

    def _beat(self) -> None:
        while True:
            for hold in self._holds:
                if hold.said == "taken":
                    _write(hold, b"beat\n")
            gevent.sleep(BEAT)


@dataclass(frozen=True)
class _Refusal:
    reason: str
    contended: bool
    """Nobody may have a majority: it is worth another try."""

    def __str__(self) -> str:
        return self.reason


def _read(hold: _Hold) -> None:
    assert hold.process.stdout is not None
    while line := hold.process.stdout.readline(4096):
        text = line.decode(errors="replace").strip()
        if text.startswith("held"):
            hold.said, hold.holder = "held", held_by(text.removeprefix("held").strip())
        elif text == "taken":
            hold.said, hold.heard = "taken", time.monotonic()
        elif text == "beat":
            hold.heard = time.monotonic()
    if hold.said != "held":
        hold.said = "the connection ended"


def _write(hold: _Hold, line: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        if hold.process.stdin:
            hold.process.stdin.write(line)
            hold.process.stdin.flush()
