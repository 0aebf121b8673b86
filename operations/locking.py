"""The cluster's lock: held on a majority of its hosts, and freed by itself when whoever holds it is gone.

On each host a shell holds flock(1) on a file in /run for as long as it hears from this side: it ends at the end of its
input, which a killed process brings about at once, and after `PATIENCE` seconds of silence, for a network that is cut
or a machine that has lost its power. So it needs no clean-up, and nothing of it is left.

The connections and the beats are a small process's of their own (operations/keeper.py), which no work delays. Whoever
acts under the lock asks it anew each time (`Lock.why_lost`).
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import random
import shlex
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from cluster.lease import PATIENCE
from cluster.locked import Holder, LockNode, held_by
from cluster.names import LOCK, RUNS
from cluster.spec import Cluster
from operations.client import ssh_command
from operations.start import own

CHECK_IN = 15.0
"""Seconds after which the lock is freed of a process that is there, but does not run: stopped, or starved."""
HERE = 1.0
"""Seconds between two words of this process to the one that keeps its lock."""
TURN = 0.2
"""Seconds after which an answer is looked for again."""
ANSWER = 10.0
"""Seconds in which the hosts must have said whether the lock is free."""
FIRST = 0.5
"""Seconds after which the other hosts are asked, too, where those that were asked first have not decided."""
TRIES = 4
"""How often two that take it at the same moment draw back and try again."""

KEPT = 10.0
"""Seconds in which a majority of the hosts must have a line of the journal on its disk."""
RUNS_KEPT = 200
"""The newest runs whose journals a host keeps."""
LARGEST = 2**20
"""Bytes that the journal of one run may have on a host."""

# The journal is written by a process of its own, which does not hold the lock: a slow disk delays no beat.
_SCRIPT = f"""
umask 077
trap '' PIPE
mkdir -p /run/hatui && exec 9>>{LOCK} || exit 1
IFS= read -r -t {PATIENCE:g} me || exit 1
if ! flock -n 9; then printf 'held '; head -c 2000 {LOCK}.holder 2>/dev/null | head -n 1; echo; exit 3; fi
printf '%s\\n' "$me" >{LOCK}.holder
keep() {{
  exec 9>&-
  file={RUNS}/$run.jsonl torn=
  while read -r number text; do
    if mkdir -p -m 0755 "$(dirname {RUNS})" && mkdir -p -m 0700 {RUNS} &&
      [ "$(stat -c %s "$file" 2>/dev/null || echo 0)" -lt {LARGEST} ] &&
      printf '%s%s\\n' "$torn" "$text" >>"$file" && sync -d "$file" && sync {RUNS}
    then torn=; echo "kept $number"
    else torn='
'; echo "unkept $number"; fi 2>/dev/null
    if [ "$number" = 1 ]; then
      ls {RUNS} | grep '[.]jsonl$' | sort -r | tail -n +{RUNS_KEPT + 1} |
        while read -r old; do rm -f {RUNS}/"$old"; done
    fi
  done
}}
exec 8> >(keep)
echo taken
while read -r -t {PATIENCE:g} word rest; do
  if [ "$word" = log ]; then printf '%s\\n' "$rest" >&8; else echo "$word"; fi || break
done
rm -f {LOCK}.holder
"""


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
            self._keeper = _Keeper(me, self._majority, check_in)
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
            most = Counter(keeper.holders.values()).most_common(1)
            if most and most[0][1] >= self._majority:
                return _Refusal(f"{most[0][0]}.", contended=False)
            said = len(keeper.said) >= len(asked)
            if said and not rest and sum(one == "taken" for one in keeper.said.values()) < self._majority:
                break
            if rest and (said or time.monotonic() - begun > FIRST):
                self._reach(rest)
                asked, rest = hosts, []
            keeper.wait(min(left, FIRST / 5))
        if keeper.holders:
            return _Refusal(f"{Counter(keeper.holders.values()).most_common(1)[0][0]}.", contended=True)
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
        script = f"run={shlex.quote(self._me.run)}{_SCRIPT}"
        command = f"exec bash -c {shlex.quote(script)}"
        self._keeper.send(reach={name: ssh_command(self._cluster, name, command) for name in hosts})


@dataclass(frozen=True)
class _Refusal:
    reason: str
    contended: bool
    """Nobody may have a majority: it is worth another try."""

    def __str__(self) -> str:
        return self.reason


class _Keeper:
    """This side of the process that keeps the lock."""

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
        self._until = 0.0
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
        deadline = _now() + KEPT
        with self._news:
            while len(self._kept[number]) < needed:
                if self.lost:
                    return "the cluster's lock is lost"
                failed = self._unkept[number]
                if len(names - failed) < needed:
                    return f"{', '.join(sorted(failed))} could not write {RUNS} (is the disk full?)"
                if _now() >= deadline:
                    silent = ", ".join(sorted(names - self._kept[number]))
                    return f"{silent} had not written {RUNS} after {KEPT:g} s"
                self._news.wait(deadline - _now())
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
                    begun = _now()
                    self._news.wait(TURN)
                    # Where this process stood still, the answer may be there, and has not been heard.
                    waited += min(_now() - begun, 2 * TURN)
                if not self.lost and self._answered >= mine and _now() < self._until:
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


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
