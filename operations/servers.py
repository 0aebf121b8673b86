"""One server of a backend, on all balancers as one: new sessions kept away from it, open ones ended, and given back.

Source: HAProxy's management.txt, 9.3 (unix socket commands) and 9.4 (master CLI).
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Sequence

from cluster.haproxy.gates import next_server, why_not_serving
from cluster.haproxy.names import HAPROXY_ADMIN_SOCKET, HAPROXY_KEEP_PROGRAM, HAPROXY_MASTER_SOCKET
from cluster.haproxy.record import ProxyNode
from cluster.text import clean
from facts.haproxy import HaproxyStat
from operations.hosts import look_all, on_all, shell
from operations.steps import FAILURES, Refused, wait_for

DRAIN = 10
"""Seconds that open sessions may take to end by themselves."""
RISE = 15
"""Seconds in which the balancers' checks find a server that is back."""
UNSTICK = 5
"""Seconds in which no balancer's table may name the drained server any more."""


def keep_away(balancers: Sequence[str], backend: str, server: str, heir: str | None = None) -> None:
    """Send no new session to `server` from now on, on every balancer; those that would have gone there go to `heir`.

    Without an `heir`, the first server that is UP on every balancer. Refused where that can't be seen within UNSTICK.
    """
    on_all(balancers, lambda name: _put(name, backend, server, "drain"))
    wait_for(lambda: _stuck_on(balancers, backend, server, heir), within=UNSTICK, every=0.1)


def empty(balancers: Sequence[str], backend: str, server: str) -> None:
    """Send no new session to `server` any more, and let those that are open end, or cut them after DRAIN."""
    keep_away(balancers, backend, server)
    end_sessions(balancers, backend, server, DRAIN)


def end_sessions(balancers: Sequence[str], backend: str, server: str, within: float) -> None:
    """Let the open sessions on `server` end by themselves for `within` seconds, then shut those that are left."""

    def cut(name: str) -> None:
        _put(name, backend, server, "maint")
        _admin(name, f"shutdown sessions server {_path(backend, server)}")
        _end_former(name, backend, server)

    _await_end(balancers, backend, server, within)
    on_all(balancers, cut)


def choose(balancers: Sequence[str], backend: str, vip: str, server: str) -> None:
    """Let every balancer send the new sessions that came to `vip` to `server`, whomever it sent them to before."""
    on_all(balancers, lambda name: _redirect(name, backend, server, vip))


def undrain(balancers: Sequence[str], backend: str, server: str) -> None:
    """Give `backend`/`server` back to every balancer. Refused, naming those that did not take it."""
    _, left = give_back(balancers, backend, server)
    if left:
        raise Refused(left)


def give_back(balancers: Sequence[str], backend: str, server: str) -> tuple[list[str], str]:
    """Try every balancer: those that took it, and what went wrong, if anything did."""
    told, failures = [], []
    for name in balancers:
        try:
            _put(name, backend, server, "ready")
            told.append(name)
        except FAILURES as failure:
            failures.append(str(failure))
    return told, "; ".join(failures)


def _stuck_on(balancers: Sequence[str], backend: str, server: str, heir: str | None) -> str | None:
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
    heir = heir or next_server(proxies, backend, server)
    if heir is None:
        raise Refused(f"no other server of {backend} is UP on every balancer.")
    for name in stuck:
        # The entry names a server by its name, which can't be set: without one, HAProxy goes by the number.
        _redirect(name, backend, heir)
    return f"{', '.join(stuck)} still sends new sessions to {server}"


def _redirect(name: str, backend: str, heir: str, key: str = "") -> None:
    """Put `heir` into the balancer's table, under `key`, or that of the entry there is."""
    table = shell(name, _ask(f"show table {_word(backend)};show servers state {_word(backend)}"), timeout=10)
    entry = re.search(r"^0x[0-9a-f]+: key=([0-9.]+) ", table, re.MULTILINE)
    number = re.search(rf"^\d+ {re.escape(backend)} (\d+) {re.escape(heir)} ", table, re.MULTILINE)
    key = entry[1] if entry else key
    if key and number:
        _admin(
            name,
            f"clear table {_word(backend)};set table {_word(backend)} key {_word(key)} data.server_id {number[1]}",
        )


def _await_end(balancers: Sequence[str], backend: str, server: str, within: float) -> None:
    """Wait until no session is left on `server`, for `within` seconds at most."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and any(_sessions(name, backend, server) for name in balancers):
        time.sleep(0.2)


# `show proc` on the master's socket lists the former workers' process ids (management.txt, 9.4).
_FORMER = (
    f"for pid in $(echo 'show proc' | timeout 2 socat -t 2 - UNIX-CONNECT:{HAPROXY_MASTER_SOCKET} 2>/dev/null"
    " | awk '/^#/ {old = /old workers/; next} old {print $1}'); do "
    f'echo "@!$pid %s" | timeout 2 socat -t 2 - UNIX-CONNECT:{HAPROXY_MASTER_SOCKET}; done'
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


def _put(name: str, backend: str, server: str, state: str) -> None:
    """Put a server into `state` (ready, drain, maint) on the balancer, for good: its next worker finds it there too."""
    _admin(name, f"set server {_path(backend, server)} state {state}")
    keep(name)


def keep(name: str) -> None:
    """Let the balancer's next worker, and its next start, know who is drained now, by whomever."""
    # A balancer that was deployed by a former release has no such program, and its settings no such file.
    shell(name, f"[ ! -x {HAPROXY_KEEP_PROGRAM} ] || {HAPROXY_KEEP_PROGRAM}", timeout=10)


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
