"""The cluster's hosts, asked and told over pyinfra's connections: bounded in time, and a broken one never silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore
from paramiko import SSHException
from pyinfra import host as this_host
from pyinfra import state
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.connectors.util import CommandOutput
from pyinfra.context import ctx_host

from cluster.state import Unknown
from cluster.text import clean
from operations import patience
from operations.steps import FAILURES, Refused, Unseen

CONNECT = 8
"""Seconds in which a host must be reached."""
LOOK = 10
"""Seconds in which a host must have told what it is asked."""


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
            patience.within(CONNECT, lambda: found.connect(
                reason="to look at the whole cluster", show_errors=False, raise_exceptions=True
            ))  # fmt: skip
        except (PyinfraError, OSError) as error:
            why = f"can't be reached ({clean(str(error))})"
            raise Unseen(why, "bring it back, or mend the inventory", host=name) from error
    return found


def look(name: str, fact: type[FactBase[Any]], *, within: int = LOOK, **arguments: Any) -> Any:
    """The fact of host `name`, read now, in `within` seconds at most. Unseen if the host can't be asked.

    Not by pyinfra's get_fact, which gives an empty fact for a connection that broke.
    """
    asked = fact()
    ok, output = _run(name, str(asked.command(**arguments)), timeout=within)
    if not ok:
        why = clean(str(output.stderr)) or "the command failed without a word"
        raise Unseen(f"could not be asked: {why}", host=name)
    return asked.process(output.stdout_lines)


def look_all(names: Sequence[str], fact: type[FactBase[Any]], **arguments: Any) -> dict[str, Any]:
    """The fact of every host, read side by side; `Unknown` with the reason for one that can't be reached."""

    def one(name: str) -> Any:
        try:
            return look(name, fact, **arguments)
        except FAILURES as error:
            return Unknown(error.reason if isinstance(error, Unseen) else str(error))

    looks = {name: gevent.spawn(one, name) for name in names}
    return {name: running.get() for name, running in looks.items()}


def on_all(names: Sequence[str], work: Callable[[str], object]) -> None:
    """Do the same on every host, side by side, so that they change as one; when all have ended, raise what failed.

    Who is interrupted meanwhile leaves none behind that goes on acting.
    """

    def one(name: str) -> Exception | None:
        try:
            work(name)
        except FAILURES as failure:
            return failure
        return None

    running = [gevent.spawn(one, name) for name in names]
    try:
        gevent.joinall(running)
    except BaseException:
        gevent.killall(running)
        raise
    for ended in running:
        if failure := ended.get():
            raise failure


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
    on_all(names, lambda name: shell(name, command, timeout=timeout))


_ROOM: dict[str, BoundedSemaphore] = {}
SESSIONS = 8
"""How many questions a host is asked at once, over its one connection: sshd takes ten (sshd_config(5), MaxSessions)."""


def _run(
    name: str, command: str, *, timeout: int, stdin: str | None = None, quiet: bool = False
) -> tuple[bool, CommandOutput]:
    """Run `command` on host `name`: whether it succeeded, and what it said. Unseen if its end could not be seen.

    A connection that broke, or whose host is frozen, is given up, so that the next call makes a new one.
    """
    found = named(name)

    def work() -> tuple[bool, CommandOutput]:
        with ctx_host.use(found):
            arguments, _ = pop_global_arguments(state, found, {})
            connector: dict[str, Any] = {
                key: value for key, value in arguments.items() if key in CONNECTOR_ARGUMENT_KEYS
            }
            if stdin is not None:
                connector["_stdin"] = stdin.splitlines()
            return found.run_shell_command(
                command,
                print_output=state.print_output and not quiet,
                print_input=state.print_input and not quiet,
                **connector,
            )

    try:
        with _ROOM.setdefault(name, BoundedSemaphore(SESSIONS)):
            # paramiko waits for an hour for a host that is gone to open a channel.
            ok, output = patience.within(timeout, work)
    except (OSError, EOFError, SSHException) as error:
        _give_up(found)
        why = f"does not answer any longer ({clean(str(error)) or type(error).__name__})"
        raise Unseen(why, host=name) from error
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
