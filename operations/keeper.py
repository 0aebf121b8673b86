"""The process that keeps the cluster's lock for another: it holds the connections, beats, and counts the leases.

A process of its own, so that nothing its parent is busy with delays a beat. It frees the lock when its parent ends,
asks it to, or has said nothing for its `check_in` seconds: a parent that is frozen does not keep the lock for ever.
It speaks JSON lines over the socket that is its stdin (operations/locking.py is the other end):

    first line           {"me": …, "needed": …, "check_in": …}
    from its parent      {"reach": {HOST: command line}}, {"ask": NUMBER}, {"here": true},
                         {"log": [NUMBER, text]}: a line of the run's journal, which each host is to keep
    to its parent        {"said": [HOST, "taken" | "held" | "ended", text]}, {"answer": NUMBER, "until": …},
                         {"kept": [HOST, NUMBER]}, {"unkept": [HOST, NUMBER]},
                         {"held": until}, once, and {"lost": why}, once

Only the standard library, cluster/lease.py and what is made for it: it is there before pyinfra would be imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

from cluster.lease import BEAT, Tenure
from operations.link import Link
from operations.pauses import Pauses, now

ENDING = 2.0
"""Seconds in which a connection must have ended, once its input has."""


_SAID = re.compile(r"(?:(kept|unkept) )?([0-9]{1,11})", re.ASCII)
"""Of a host that has given the lock: a beat that it heard, or the line of the journal that it could (not) write."""


class Keeper:
    """The connections, the count, and what the parent is told."""

    def __init__(self, parent: socket.socket) -> None:
        self.parent = parent
        self._heard = bytearray()
        first = self._first()
        self.me, self.needed, self.check_in = str(first["me"]), int(first["needed"]), float(first["check_in"])
        self.hosts: dict[str, Link] = {}
        self.tenure = Tenure({}, self.needed)
        self.parent_heard = now()
        self.beat_due = now()
        self.pauses = Pauses()
        self.log: list[str] = []
        """What the hosts are to keep; one that comes late is sent it all."""
        self.was_held = False
        self.lost = ""
        self.selector = selectors.DefaultSelector()
        self.selector.register(parent, selectors.EVENT_READ, self._from_parent)

    def go(self) -> None:
        """Until the parent has ended, or wants it no more."""
        try:
            # One pass more for what came with the first line.
            self._orders()
            while True:
                wait = max(0.0, self.beat_due - now())
                ready = self.selector.select(wait)
                self.pauses.seen(wait)
                # All that has come is heard before anything is judged by the clock.
                for key, _ in ready:
                    key.data()
                self._beat()
                self._judge()
        except (EOFError, ConnectionError):
            pass
        finally:
            self.free()

    def free(self) -> None:
        """Free it on every host, at once."""
        for host in self.hosts.values():
            with contextlib.suppress(KeyError):
                self.selector.unregister(host.stdout)
            host.close()
        deadline = time.monotonic() + ENDING
        for host in self.hosts.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                host.process.wait(deadline - time.monotonic())
            if host.process.poll() is None:
                host.process.kill()
                host.process.wait()
        self.hosts = {}

    def _first(self) -> dict[str, Any]:
        while b"\n" not in self._heard:
            self._receive()
        line, _, rest = self._heard.partition(b"\n")
        self._heard = rest
        found: dict[str, Any] = json.loads(line)
        return found

    def _receive(self) -> None:
        chunk = self.parent.recv(65536)
        if not chunk:
            raise EOFError
        self._heard += chunk

    def _from_parent(self) -> None:
        self._receive()
        self._orders()

    def _orders(self) -> None:
        *lines, self._heard = self._heard.split(b"\n")
        self.parent_heard = now()
        for line in lines:
            order = json.loads(line)
            if "reach" in order:
                for name, command in order["reach"].items():
                    self._reach(name, command)
            if "log" in order:
                number, text = order["log"]
                self.log.append(f"log {number} {text}")
                for host in self.hosts.values():
                    if host.taken:
                        host.send(self.log[-1])
            if "ask" in order:
                self._tell(answer=order["ask"], until=0.0 if self.lost else self.tenure.until)

    def _reach(self, name: str, command: list[str]) -> None:
        if self.lost:
            return
        host = self.hosts[name] = Link(name, command)
        self.tenure.leases = {name: host.lease for name, host in self.hosts.items()}
        # The line that says who it is counts as the first beat, and "taken" as its echo.
        host.lease.beat(now())
        host.send(self.me)
        self.selector.register(host.stdout, selectors.EVENT_READ, self._listener(host))

    def _listener(self, host: Link) -> Callable[[], None]:
        def listen() -> None:
            lines = host.lines()
            for line in lines or []:
                self._hear(host, line)
            if lines is None:
                self.selector.unregister(host.stdout)
                host.taken = False
                host.lease.end()
                host.close()
                self._tell(said=[host.name, "ended", ""])

        return listen

    def _hear(self, host: Link, line: str) -> None:
        if line.startswith("held"):
            self._tell(said=[host.name, "held", line.removeprefix("held").strip()[:2000]])
        elif line == "taken" and not host.taken:
            host.taken = True
            host.lease.echo(0)
            self._tell(said=[host.name, "taken", ""])
            # To reach it may have taken as long as the beat that it echoes is worth.
            host.send(str(host.lease.beat(now())))
            for kept in self.log:
                host.send(kept)
        elif host.taken and (found := _SAID.fullmatch(line)):
            if found[1]:
                self._tell(**{found[1]: [host.name, int(found[2])]})
            else:
                host.lease.echo(int(found[2]))

    def _beat(self) -> None:
        if now() < self.beat_due:
            return
        self.beat_due = now() + BEAT
        for host in self.hosts.values():
            if host.taken:
                host.send(str(host.lease.beat(now())))

    def _judge(self) -> None:
        if self.lost:
            return
        silent = now() - self.parent_heard
        if silent > self.check_in:
            self._lose(f"The process that acts under it did not run for {silent:.1f} s.", 0)
            return
        held = self.tenure.held(now())
        if held and not self.was_held:
            self.was_held = True
            self._tell(held=self.tenure.until)
        if self.tenure.lost:
            count = len(self.hosts) - len(self.tenure.lapsed(now()))
            self._lose(self.pauses.why() or self._silent(), count)

    def _silent(self) -> str:
        """Which hosts did not answer, and for how long."""
        at = now()
        lapsed = [self.hosts[name] for name in self.tenure.lapsed(at)]
        ended = [host.name for host in lapsed if not host.taken]
        silent = [f"{host.name} for {at - host.lease.heard:.1f} s" for host in lapsed if host.taken]
        return " ".join(
            text
            for text in (
                f"No answer came from {', '.join(silent)}." if silent else "",
                f"The connection ended to {', '.join(ended)}." if ended else "",
            )
            if text
        )

    def _lose(self, why: str, count: int) -> None:
        self.lost = why
        self._tell(lost=why, count=count)
        self.free()

    def _tell(self, **line: object) -> None:
        # A parent that takes nothing is frozen: it must not hold up the beats, and learns of a loss by the clock.
        with contextlib.suppress(BlockingIOError):
            self.parent.send(json.dumps(line).encode() + b"\n", socket.MSG_DONTWAIT)


def main() -> None:
    """Keep the lock for whoever is at the other end of stdin."""
    with contextlib.suppress(OSError):
        # Little work, which must not wait for others'. Only root may.
        os.nice(-10)
    Keeper(socket.socket(fileno=os.dup(0))).go()


if __name__ == "__main__":
    main()
