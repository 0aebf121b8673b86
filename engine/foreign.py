"""Daemons that were restarted while a run went on, and not by it: by hand, after a crash, with their host."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from cluster.outcome import Result
from cluster.starts import Daemon, starts
from cluster.state import ClusterState, runs
from cluster.text import sentence
from cluster.wire.deploys import Began
from engine.journal import Unwritten
from facts.base import Services
from operations.hosts import look_all


class Foreign:
    """`state` is what was so before the run's first step. `note` has each such restart as soon as it is noticed."""

    def __init__(self, state: ClusterState, note: Callable[[str], None]) -> None:
        self._known = starts(state)
        self._note = note
        self._found: list[Daemon] = []

    def began(self, one: Began) -> None:
        """The run itself has started a unit anew."""
        daemon = Daemon(one.host, one.unit)
        self._compare(daemon, one.before)
        # Where that failed, or was not seen to its end, it is not known who starts it next: systemd may.
        self._known[daemon] = one.after

    def beside(self, result: Result) -> Result:
        """The run's result, after a last look, with what was restarted beside it."""
        units: dict[tuple[str, ...], list[str]] = {}
        for host in dict.fromkeys(daemon.host for daemon in self._known):
            mine = tuple(sorted(daemon.unit for daemon in self._known if daemon.host == host))
            units.setdefault(mine, []).append(host)
        for asked, hosts in units.items():
            for host, seen in look_all(hosts, Services, units=dict.fromkeys(asked, ())).items():
                # A host that can't be asked is Unknown.
                for service in seen.values() if isinstance(seen, dict) else ():
                    # One that is being started is not what it was, whoever waits for it.
                    if runs(service) or service.active == "activating":
                        self._compare(Daemon(host, service.unit), service.started)
        if not self._found:
            return result
        reason = f"{sentence(result.reason)} {_said(*dict.fromkeys(self._found))}.".strip()
        return replace(result, reason=reason)

    def _compare(self, daemon: Daemon, start: str) -> None:
        known = self._known.get(daemon)
        if known and start and known != start:
            self._found.append(daemon)
            # That the journal can't be written is known by it, and met elsewhere.
            with suppress(Unwritten):
                self._note(_said(daemon))


def _said(*daemons: Daemon) -> str:
    return f"Restarted meanwhile, and not by this run: {', '.join(map(str, daemons))}"
