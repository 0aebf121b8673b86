"""One layer's deploy, on some hosts or all: `python -m engine apply`, which tells what it does.

A process of its own, since one process holds one State of pyinfra's, which serves one deploy. It dies with whoever
began it, so that an engine that was killed never goes on acting. Only after `monkey.patch_all()` (engine/__main__.py).
"""

from __future__ import annotations

import ctypes
import logging
import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence

import msgspec
import pyinfra
import pyinfra_cli.util
from gevent import monkey
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.connect import connect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.operations import run_ops
from pyinfra.api.state import BaseStateCallback, State, StateStage
from pyinfra.context import ctx_host
from typing_extensions import override

from cluster.changes import Change, bounded
from cluster.layers import unit_of
from cluster.spec import Cluster
from cluster.text import clean
from cluster.wire.deploys import Changed, Deployed, Due, Failed, Heard
from cluster.wire.lines import FIRST, line
from deploy.parts import file_of
from deploy.secrets import remember
from engine.asked import Asked
from engine.masking import hidden
from engine.session import state_of
from operations.files import Replacement
from operations.lock import HELD
from operations.procedure import Procedure
from operations.starting import heard_of
from operations.steps import FAILURES, Refused, Step
from operations.told import Told

_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
_WORDS = 6
"""The last things that pyinfra said, as far as a reason tells them."""


def die_with_parent() -> None:
    """Be killed at the moment when the process ends that began this one."""
    ctypes.CDLL(None, use_errno=True).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    # It may have ended before: then nobody holds the other end of the pipe any more. gevent's poll tells no hang-up.
    poll = monkey.get_original("select", "poll")()
    poll.register(sys.stdin.fileno(), 0)
    if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0)):
        os.kill(os.getpid(), signal.SIGKILL)


def asked_for() -> Cluster:
    """The cluster to deploy to, told on stdin as a line of JSON (engine/asked.py); its secrets are asked no more."""
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=Asked)
    remember(asked.printed)
    return asked.cluster


def apply(cluster: Cluster, layers: Sequence[str], only: Sequence[str], *, dry: bool) -> int:
    """Deploy `layers`, on the hosts `only` (none: all). 0 if all of it was seen to succeed.

    It tells them as messages (cluster/wire/deploys.py): Due for each change that is to be made, if `dry`; else Changed
    and Failed, and Began for each unit that was started anew. The last is Deployed.
    """
    # Whoever began this holds the lock; what is only looked at needs none.
    os.environ[HELD] = "1"
    heard = _Heard()
    logger = logging.getLogger("pyinfra")
    logger.handlers, logger.propagate = [heard], False
    logger.setLevel(logging.WARNING)
    sys.stdout.buffer.write(FIRST)
    # Operations are ordered by the lines of their files, as `pyinfra` does it.
    pyinfra.is_cli = True
    state = state_of(cluster, only, FAIL_PERCENT=0)
    state.check_for_changes = False
    try:
        _prepare(state, layers)
        if dry:
            for change in _changes(state, layers):
                _say(Due(change))
        else:
            state.add_callback_handler(_Telling())  # type: ignore[no-untyped-call]
            state.set_stage(StateStage.Execute)
            with heard_of(_say):
                run_ops(state)
    except FAILURES as failure:
        # pyinfra tells the reason in its log, and then only that no host is left.
        reason = clean(str(failure), 400) if isinstance(failure, Refused) else heard.words() or clean(str(failure), 400)
        _say(Deployed(ok=False, reason=hidden(cluster, reason)))
        return 1
    _say(Deployed(ok=True, reason=""))
    return 0


def _prepare(state: State, layers: Sequence[str]) -> None:
    state.set_stage(StateStage.Connect)
    hosts = [host for host in state.inventory if state.is_host_in_limit(host)]
    try:
        connect_all(state)
    except PyinfraError:
        away = ", ".join(host.name for host in hosts if not host.connected)
        raise Refused(f"{away} can't be reached: bring it back, or mend the inventory.") from None
    state.set_stage(StateStage.Prepare)
    for number, layer in enumerate(layers):
        state.current_op_file_number = number
        pyinfra_cli.util.load_deploy_file(state, file_of(layer))


def _changes(state: State, layers: Sequence[str]) -> Iterator[Change]:
    """What every operation would do, asked for without doing it: ours only look until their commands are run."""
    for operation in state.get_op_order():  # type: ignore[no-untyped-call]
        meta = state.get_op_meta(operation)
        layer = layers[meta.op_order[0]]
        for host in state.inventory:
            if operation in state.ops[host]:
                with ctx_host.use(host):
                    for command in state.get_op_data_for_host(host, operation).command_generator():
                        yield _change(layer, host.name, ", ".join(meta.names), command)


def _change(layer: str, host: str, operation: str, command: PyinfraCommand) -> Change:
    if isinstance(command, Step):
        return Change(layer, command.on, command.name, bounded(command.difference))
    if isinstance(command, Procedure):
        return Change(layer, command.on, command.name)
    if isinstance(command, Replacement):
        lines = bounded(command.difference(host))
        return Change(layer, host, command.what, lines, unit_of(command.file.path, layer), command.file.path)
    return Change(layer, host, command.what if isinstance(command, Told) else operation)


class _Telling(BaseStateCallback):
    """Tells of operations on hosts. Whether something changed can be read only after the operation has ended."""

    @staticmethod
    @override
    def operation_host_error(
        state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        _say(Failed(host.name, _name(state, op_hash)))

    @staticmethod
    @override
    def operation_end(state: State, op_hash: str) -> None:
        for host in state.inventory:
            data = state.ops[host].get(op_hash)
            if data and data.operation_meta.is_complete() and data.operation_meta.did_change():
                _say(Changed(host.name, _name(state, op_hash)))


class _Heard(logging.Handler):
    """What pyinfra says of failures: its last words are the reason."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        line = clean(record.getMessage(), 800)
        if line and "Error: executed" not in line:
            self._lines = [*self._lines, line][-_WORDS:]

    def words(self) -> str:
        return " ".join(self._lines)


def _name(state: State, operation: str) -> str:
    return ", ".join(state.get_op_meta(operation).names)


def _say(message: Heard) -> None:
    sys.stdout.buffer.write(line(message))
    sys.stdout.flush()
