"""Work that goes from host to host: one step at a time, each seen to succeed, and a plain sentence where one does not.

pyinfra runs an operation on all hosts at once, and its serial mode has no order and does not stop at a failure. So
rolling work is one operation on one host of the layer, whose commands are steps that reach the other hosts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
from paramiko import SSHException
from pyinfra import host as this_host
from pyinfra import logger, state
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, ConnectorArguments, pop_global_arguments
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.connectors.util import CommandOutput
from pyinfra.context import ctx_host
from typing_extensions import override

from cluster.state import Unknown
from cluster.text import clean
from operations.progress import why_lost

CONNECT = 8
"""Seconds in which a host must be reached."""
LOOK = 10
"""Seconds in which a host must have told what it is asked."""


class Refused(Exception):
    """A step was not taken, or was not seen to succeed; its text is the reason and what to do."""


class Unseen(Refused):
    """A host can't be reached, so that nothing can be said of what is so there."""


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
    there is nothing to take back; without it, `lasting` says what stays. `on` is the host that it changes; empty where
    it changes the cluster as a whole.
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
        on: str = "",
    ) -> None:
        super().__init__()
        self.name = name
        self.act = act
        self.precheck = precheck
        self.verify = verify
        self.within = within
        self.undo = undo
        self.lasting = lasting
        self.on = on

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


def conducts(hosts: Sequence[str]) -> bool:
    """Whether this host is the one that leads the layer's work: the first of `hosts` that takes part in this run.

    It looks at all of `hosts`, those outside of this run (`--limit`) too.
    """
    return bool(this_host.name == next(iter(taking_part(hosts)), None))


def taking_part(hosts: Sequence[str]) -> list[str]:
    """Those of `hosts` that take part in this run: all, or those that it is limited to (`--limit`)."""
    active = {member.name for member in state.inventory.get_active_hosts()}
    return [name for name in hosts if name in active]


def named(name: str) -> Host:
    """The pyinfra host `name`, connected. Unseen, by name, if it can't be reached."""
    found: Host = state.inventory.get_host(name)
    if not found.connected:
        try:
            with gevent.Timeout(CONNECT, OSError(f"no connection within {CONNECT} s")):
                found.connect(reason="to look at the whole cluster", show_errors=False, raise_exceptions=True)
        except (PyinfraError, OSError) as error:
            raise Unseen(
                f"{name} can't be reached ({clean(str(error))}). Bring it back, or mend the inventory."
            ) from error
    return found


def look(name: str, fact: type[FactBase[Any]], *, within: int = LOOK, **arguments: Any) -> Any:
    """The fact of host `name`, read now, in `within` seconds at most. Unseen if the host can't be asked.

    Not by pyinfra's get_fact, which gives an empty fact for a connection that broke.
    """
    asked = fact()
    ok, output = _run(name, str(asked.command(**arguments)), timeout=within)
    if not ok:
        raise Unseen(f"{name} could not be asked: {clean(str(output.stderr)) or 'the command failed without a word'}")
    return asked.process(output.stdout_lines)


def _run(
    name: str, command: str, *, timeout: int, stdin: str | None = None, quiet: bool = False
) -> tuple[bool, CommandOutput]:
    """Run `command` on host `name`: whether it succeeded, and what it said. Unseen if its end could not be seen.

    A connection that broke, or whose host is frozen, is given up, so that the next call makes a new one.
    """
    found = named(name)
    with ctx_host.use(found):
        arguments, _ = pop_global_arguments(state, found, {"_timeout": timeout})
        connector: dict[str, Any] = {key: value for key, value in arguments.items() if key in CONNECTOR_ARGUMENT_KEYS}
        if stdin is not None:
            connector["_stdin"] = stdin.splitlines()
        try:
            # paramiko waits for an hour for a host that is gone to open a channel.
            with gevent.Timeout(timeout + 1, TimeoutError(f"no answer within {timeout} s")):
                ok, output = found.run_shell_command(
                    command,
                    print_output=state.print_output and not quiet,
                    print_input=state.print_input and not quiet,
                    **connector,
                )
        except (OSError, EOFError, SSHException) as error:
            _give_up(found)
            raise Unseen(f"{name} does not answer any longer ({clean(str(error)) or type(error).__name__})") from error
    if not ok and not _is_open(found):
        _give_up(found)
        raise Unseen(f"{name}: the connection broke before the end was seen")
    return ok, output


def _is_open(found: Host) -> bool:
    client = getattr(found.connector, "client", None)
    transport = client.get_transport() if client else None
    return bool(transport is None or transport.is_active())


def _give_up(found: Host) -> None:
    found.connected = False
    client = getattr(found.connector, "client", None)
    if client is not None:
        # Closing waits for what may never come.
        gevent.spawn(client.close)


def look_all(names: Sequence[str], fact: type[FactBase[Any]], **arguments: Any) -> dict[str, Any]:
    """The fact of every host, read side by side; `Unknown` with the reason for one that can't be reached."""

    def one(name: str) -> Any:
        try:
            return look(name, fact, **arguments)
        except (Refused, PyinfraError, OSError) as error:
            return Unknown(str(error).removeprefix(f"{name} "))

    looks = {name: gevent.spawn(one, name) for name in names}
    return {name: running.get() for name, running in looks.items()}


def on_all(names: Sequence[str], work: Callable[[str], None]) -> None:
    """Do the same on every host, side by side, so that they change as one; then raise what failed, if anything."""
    running = [gevent.spawn(work, name) for name in names]
    gevent.joinall(running)
    for one in running:
        one.get()


def refused(name: str, reason: str) -> Step:
    """A step that only refuses, for an operation that found at its first look that it must not act."""

    def refuse() -> None:
        raise Refused(reason)

    return Step(name, refuse)


def shell(name: str, command: str, *, timeout: int = 60, stdin: str | None = None, quiet: bool = False) -> str:
    """Run `command` on host `name`, and return its standard output. Refused, with what it said, if it fails.

    With `quiet`, what it prints is not shown at any verbosity.
    """
    ok, output = _run(name, command, timeout=timeout, stdin=stdin, quiet=quiet)
    if not ok:
        raise Refused(f"{name}: {' '.join(output.stderr.split()) or 'the command failed without a word'}")
    return str(output.stdout)


def shell_all(names: Sequence[str], command: str, *, timeout: int = 60) -> None:
    """Run `command` on every host, side by side. When all have ended: what the first that failed said, if one did."""

    def one(name: str) -> Exception | None:
        try:
            shell(name, command, timeout=timeout)
        except FAILURES as failure:
            return failure
        return None

    running = [gevent.spawn(one, name) for name in names]
    gevent.joinall(running)
    if failure := next((ended.value for ended in running if ended.value), None):
        raise failure


def wait_for(reason_why_not: Callable[[], str | None], *, within: float, every: float = 0.5) -> None:
    """Ask until there is no reason left why not. Refused with the last reason after `within` seconds."""
    deadline = time.monotonic() + within
    while (reason := reason_why_not()) is not None:
        if lost := why_lost():
            raise Refused(lost)
        if time.monotonic() > deadline:
            raise Refused(f"After {within:g} s: {reason}")
        time.sleep(every)
