"""HAProxy: reloaded one balancer at a time, and servers drained on all balancers as one."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Generator, Sequence

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operation import operation

from cluster.gates.haproxy import may_reload_haproxy, next_server, not_taken_over, why_not_serving
from cluster.gates.keepalived import owners
from cluster.state import ProxyNode
from cluster.text import clean
from cluster.wiring import HAPROXY_ADMIN_SOCKET
from facts.base import STAMPS
from facts.haproxy import UNIT, HaproxyStat
from facts.vrrp import VrrpOwner
from operations.steps import Refused, Step, look_all, shell, wait_for

TAKE_OVER = 15
"""Seconds in which a new worker must answer and have found its servers."""
UNSTICK = 5
"""Seconds in which no balancer's table may name the drained server any more."""
_MASTER_SOCKET = "/run/haproxy-master.sock"
"""Of Debian's unit; it reaches the former workers, which still have the sessions from before a reload."""


@operation()
def reloaded(balancers: Sequence[str], vip: str) -> Generator[PyinfraCommand, None, None]:
    """Reload HAProxy where it runs with former settings, one balancer at a time, the owner of `vip` last."""
    seen = look_all(balancers, HaproxyStat)
    due = [name for name, node in seen.items() if isinstance(node, ProxyNode) and node.service.restart_due]
    if not due:
        return
    last = owners(look_all(balancers, VrrpOwner), vip)
    for name in sorted(due, key=lambda name: name in last):
        yield Step(f"{name}: reload HAProxy", lambda name=name: _reload(balancers, name))  # type: ignore[misc]


def _reload(balancers: Sequence[str], name: str) -> None:
    before = look_all(balancers, HaproxyStat)
    if reason := may_reload_haproxy(before, name):
        raise Refused(reason)
    shell(name, f"systemctl daemon-reload; systemctl reload {UNIT}")
    try:
        wait_for(lambda: not_taken_over(before[name], name, look_all([name], HaproxyStat)[name]), within=TAKE_OVER)
    except Refused:
        # The unit stamped a reload that its program did not take: it stays due.
        shell(name, f"rm -f {STAMPS}/{UNIT}")
        raise


def drain(balancers: Sequence[str], backend: str, server: str, within: float) -> None:
    """Move all sessions of `backend`/`server` away, on every balancer, and keep new ones away (management.txt, 9.3).

    New sessions go elsewhere from the first moment; open ones may end by themselves for `within` seconds, then they
    are shut. If that fails on any balancer, the server is given back on all of them, and Refused says so.
    """
    try:
        for name in balancers:
            _admin(name, f"set server {_path(backend, server)} state drain")
        wait_for(lambda: _stuck_on(balancers, backend, server), within=UNSTICK, every=0.1)
        _await_end(balancers, backend, server, within)
        for name in balancers:
            _admin(name, f"set server {_path(backend, server)} state maint")
            _admin(name, f"shutdown sessions server {_path(backend, server)}")
            _end_former(name, backend, server)
    except BaseException as failure:
        if not isinstance(failure, (Refused, PyinfraError, OSError)):
            _give_back(balancers, backend, server)
            raise
        left = _give_back(balancers, backend, server)
        outcome = f"It is left drained: {left}" if left else "It may take sessions as before."
        raise Refused(f"{server} could not be drained: {failure} {outcome}") from failure


def undrain(balancers: Sequence[str], backend: str, server: str) -> None:
    """Give `backend`/`server` back to every balancer. Refused, naming those that did not take it."""
    if left := _give_back(balancers, backend, server):
        raise Refused(left)


def _give_back(balancers: Sequence[str], backend: str, server: str) -> str:
    """Try every balancer; what went wrong, if anything did."""
    failures = []
    for name in balancers:
        try:
            _admin(name, f"set server {_path(backend, server)} state ready")
        except (Refused, PyinfraError, OSError) as failure:
            failures.append(str(failure))
    return "; ".join(failures)


def _stuck_on(balancers: Sequence[str], backend: str, server: str) -> str | None:
    """Why new sessions still go to `server`, whose place in the tables is given to another where it has one.

    A session that is just being made, or a balancer that was not told yet, may bring it back: they are looked at until
    none has it.
    """
    nodes = look_all(balancers, HaproxyStat)
    for name, node in nodes.items():
        if reason := why_not_serving(name, node):
            return reason
    proxies = {name: node for name, node in nodes.items() if isinstance(node, ProxyNode)}
    stuck = [name for name, node in proxies.items() if node.stuck.get(backend) == server]
    if not stuck:
        return None
    heir = next_server(proxies, backend, server)
    if heir is None:
        raise Refused(f"no other server of {backend} is UP on every balancer.")
    for name in stuck:
        # The entry names a server by its name, which can't be set: without one, HAProxy goes by the number.
        _redirect(name, backend, heir)
    return f"{', '.join(stuck)} still sends new sessions to {server}"


def _redirect(name: str, backend: str, heir: str) -> None:
    table = shell(name, _ask(f"show table {_word(backend)};show servers state {_word(backend)}"), timeout=10)
    entry = re.search(r"^0x[0-9a-f]+: key=([0-9.]+) ", table, re.MULTILINE)
    number = re.search(rf"^\d+ {re.escape(backend)} (\d+) {re.escape(heir)} ", table, re.MULTILINE)
    if entry and number:
        _admin(
            name,
            f"clear table {_word(backend)};set table {_word(backend)} key {entry[1]} data.server_id {number[1]}",
        )


def _await_end(balancers: Sequence[str], backend: str, server: str, within: float) -> None:
    """Wait until no session is left on `server`, for `within` seconds at most."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and any(_sessions(name, backend, server) for name in balancers):
        time.sleep(0.2)


# `show proc` on the master's socket lists the former workers' process ids (management.txt, 9.4).
_FORMER = (
    f"for pid in $(echo 'show proc' | timeout 2 socat -t 2 - UNIX-CONNECT:{_MASTER_SOCKET} 2>/dev/null"
    " | awk '/^#/ {old = /old workers/; next} old {print $1}'); do "
    f'echo "@!$pid %s" | timeout 2 socat -t 2 - UNIX-CONNECT:{_MASTER_SOCKET}; done'
)


def _sessions(name: str, backend: str, server: str) -> int:
    """The sessions on `server`, those that a former worker still serves among them."""
    said = shell(
        name,
        f"{_ask('show stat -1 4 -1')}; {_FORMER % 'show stat -1 4 -1'}",
        timeout=20,
    )
    # The fifth column is scur.
    rows = (line.split(",", 5) for line in said.splitlines())
    return sum(int(row[4] or 0) for row in rows if row[:2] == [backend, server] and len(row) > 5)


def _end_former(name: str, backend: str, server: str) -> None:
    shell(name, _FORMER % f"shutdown sessions server {_path(backend, server)}", timeout=20)


def _admin(name: str, command: str) -> None:
    """One command for the balancer's admin socket; Refused with HAProxy's words unless it is silent."""
    said = shell(name, f"{_ask(command)} 2>&1", timeout=10)
    if said.strip():
        raise Refused(f"{name}'s HAProxy answers to `{command}`: {clean(said)}")


def _ask(command: str) -> str:
    return f"echo {shlex.quote(command)} | timeout 2 socat -t 2 - UNIX-CONNECT:{HAPROXY_ADMIN_SOCKET}"


def _path(backend: str, server: str) -> str:
    return f"{_word(backend)}/{_word(server)}"


def _word(name: str) -> str:
    # A blank or a semicolon would begin another command.
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise Refused(f"{name!r} can't be the name of a backend or a server.")
    return name
