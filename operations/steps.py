"""Work that goes from host to host: one step at a time, each seen to succeed, and a plain sentence where one does not.

pyinfra runs an operation on all hosts at once, and its serial mode has no order and does not stop at a failure. So
rolling work is one operation on one host of the layer, whose commands are steps that reach the other hosts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gevent import GreenletExit
from pyinfra import logger
from pyinfra.api.arguments import ConnectorArguments
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ctx_host
from typing_extensions import override

from operations.progress import why_lost


class Refused(Exception):
    """A step was not taken, or was not seen to succeed; its text is the reason and what to do."""


class Unseen(Refused):
    """A host can't be reached, so that nothing can be said of what is so there.

    `reason` is the text without the name of the `host` before it, and without what to do about it.
    """

    def __init__(self, reason: str, advice: str = "", *, host: str = "") -> None:
        said = f"{host} {reason}" if host else reason
        super().__init__(f"{said}: {advice}." if advice else said)
        self.reason = reason


class Elsewhere(Refused):
    """A service moved, but to another place than the one that was asked for; the text says where it is."""


def _nothing_against() -> str | None:
    """No gate, or nothing to verify."""
    return None


class Step(PyinfraCommand):
    """A named piece of work, as a pyinfra command and as a part of an engine's run.

    `precheck` is its gate: why it must not be taken now, or None; asked again right before `act`. `act` raises
    `Refused` with the reason where it must stop. `verify` says why its goal is not reached yet, and is asked until it
    says None, for `within` seconds at most. `undo` takes back what `act` did, also a part of it, and is harmless where
    there is nothing to take back; without it, `lasting` says what stays. `stays` is a sentence of what is left, and of
    the way back, where a step of a run in stages fails that can't be undone. `on` is the host that it changes; empty
    where it changes the cluster as a whole. `layer` and `stage` are those of a rollout that it belongs to. One that
    `changes` nothing only looks. `difference` are lines for whoever reads the plan, as of a diff.
    """

    def __init__(
        self,
        name: str,
        act: Callable[[], None],
        *,
        precheck: Callable[[], str | None] = _nothing_against,
        verify: Callable[[], str | None] = _nothing_against,
        within: float = 10,
        undo: Callable[[], None] | None = None,
        lasting: str = "",
        stays: str = "",
        on: str = "",
        layer: str = "",
        stage: str = "",
        changes: bool = True,
        difference: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.name = name
        self.act = act
        self.precheck = precheck
        self.verify = verify
        self.within = within
        self.undo = undo
        self.lasting = lasting
        self.stays = stays
        self.on = on
        self.layer = layer
        self.stage = stage
        self.changes = changes
        self.difference = difference

    @override
    def __repr__(self) -> str:
        return f"Step({self.name})"

    def take(self) -> None:
        """Precheck, act, verify. Refused with the reason where one of them says no."""
        if reason := self.precheck():
            raise Refused(reason)
        self.complete()

    def complete(self) -> None:
        """Act and verify, for whoever has just asked the precheck."""
        self.act()
        wait_for(self.verify, within=self.within, every=0.1)

    @override
    def execute(self, state: State, host: Host, connector_arguments: ConnectorArguments) -> bool:
        """Run it on the conducting host. False, which stops the run, when it refused or a host could not be reached."""
        logger.info(f"{host.print_prefix}{self.name}")
        try:
            with ctx_host.use(host):
                self.take()
        except FAILURES as refusal:
            logger.error(f"{host.print_prefix}{self.name}: stopped. {refusal}")
            return False
        return True


FAILURES = (Refused, PyinfraError, OSError)
"""What a step may raise: it refused, or a connection broke."""
INTERRUPTIONS = (KeyboardInterrupt, SystemExit, GreenletExit)
"""What ends a step from outside: Ctrl-C, the end of its process, or of its greenlet."""


def refused(name: str, reason: str) -> Step:
    """A step that only refuses, for an operation that found at its first look that it must not act."""

    def refuse() -> None:
        raise Refused(reason)

    return Step(name, refuse)


LOOKS = 3
"""How often it is asked at least whether a goal is reached: where a look takes seconds, the hosts are as slow."""


def wait_for(reason_why_not: Callable[[], str | None], *, within: float, every: float = 0.5) -> None:
    """Ask until there is no reason left why not. Refused with the last one after `within` seconds and LOOKS times."""
    begun = time.monotonic()
    looks = 1
    while (reason := reason_why_not()) is not None:
        if lost := why_lost():
            raise Refused(lost)
        if (taken := time.monotonic() - begun) > within and looks >= LOOKS:
            raise Refused(f"After {taken:.0f} s: {reason}")
        looks += 1
        time.sleep(every)
