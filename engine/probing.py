"""The probes as the engine uses them: started before a run's first step, asked after its last one.

They never hold up a run: what can't be measured is said, and no figure stands in for it.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

import msgspec

from cluster.layer import Endpoint
from cluster.layers import wanted
from cluster.spec import Cluster
from cluster.text import clean
from cluster.wire.journal import Measured
from cluster.wire.lines import OtherVersion, begins, line
from cluster.wire.probes import Ready, Report, Target, Wanted
from deploy.secrets import SecretError, secret
from engine.start import own

READY_WITHIN = 10.0
"""Seconds: twice what the prober takes at most to say whether its probes succeed."""
SETTLING = 1.0
"""Seconds that are measured after `stop` was called: what a run's last step did to clients shows after it."""
REPORT_WITHIN = 15.0
"""Seconds until the last probes, which hang where the service does, have ended."""
LIMIT = 2**18
"""Bytes of one line."""


class _Unmeasured(Exception):
    """The probes can't be had; the text says why."""


class Probing:
    """What clients feel through the VIPs, measured in a process of its own between `start` and `stop`.

    `services`: names of `measured`. None of its methods raises because of the probes.
    """

    def __init__(self, cluster: Cluster, services: Sequence[str]) -> None:
        self._cluster = cluster
        self._services = services
        self._prober: _Process | None = None
        self._reason = ""

    def start(self) -> str | None:
        """Begin, and wait until each service was reached once: None then.

        Otherwise why it can't be measured, or which service did not answer once in 5 s and is measured all the same.
        """
        if not self._services:
            return None
        try:
            request = line(Wanted(_targets(self._cluster, self._services)))
            self._prober = _Process()
            self._prober.tell(request)
            begins(self._prober.line(READY_WITHIN))
            ready = msgspec.json.decode(self._prober.line(READY_WITHIN), type=Ready)
        except (_Unmeasured, SecretError, OSError, OtherVersion, msgspec.MsgspecError) as error:
            self._abandon(error)
            return self._reason
        return None if ready.ready else clean(ready.reason, 300)

    def stop(self) -> Measured:
        """End after SETTLING; what was felt, for the journal."""
        report = Report()
        if self._prober is not None:
            try:
                time.sleep(SETTLING)
                self._prober.tell(b"stop\n")
                report = msgspec.json.decode(self._prober.line(REPORT_WITHIN), type=Report)
                self._prober.end()
            except (_Unmeasured, OSError, msgspec.MsgspecError) as error:
                self._abandon(error)
        self._prober = None
        note = clean(report.note, 300)
        measured = {
            name: msgspec.structs.replace(report.services[name], note=note)
            for name in self._services
            if name in report.services
        }
        why = self._reason or note
        return Measured(measured, {name: why for name in self._services if name not in measured})

    def _abandon(self, error: Exception) -> None:
        self._reason = clean(f"the probes: {error}", 300)
        if self._prober is not None:
            self._prober.end(within=0)
            self._prober = None


def _targets(cluster: Cluster, services: Sequence[str]) -> dict[str, Target]:
    vip = cluster.keepalived.vip
    known = _balanced(cluster) | _elsewhere(cluster)
    ports = {"sql": cluster.haproxy.database_port, "amqp": cluster.haproxy.queue_port}
    if unknown := [name for name in services if name not in ports and name not in known]:
        raise _Unmeasured(f"{', '.join(unknown)} can't be measured, only {', '.join((*ports, *known))} can")
    password = secret(cluster, "probe") if any(name in ports for name in services) else ""
    return {
        name: Target(vip, ports[name], password)
        if name in ports
        else Target(known[name].address, known[name].port, kind=known[name].mode, path=known[name].path or "/")
        for name in services
    }


def measured(cluster: Cluster) -> tuple[str, ...]:
    """All that can be measured through the VIPs: the database, the queue, and what else clients find there."""
    return ("sql", "amqp", *_balanced(cluster), *_elsewhere(cluster))


def _balanced(cluster: Cluster) -> dict[str, Endpoint]:
    vip = cluster.keepalived.vip
    return {name: Endpoint(vip, one.port, one.mode, one.check) for name, one in cluster.services.items()}


def _elsewhere(cluster: Cluster) -> dict[str, Endpoint]:
    return {name: one for layer in wanted(cluster) for name, one in layer.endpoints(cluster).items()}


class _Process:
    """The prober's process. Works with and without gevent's patches, and holds up no other greenlet."""

    def __init__(self) -> None:
        self._heard = b""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `end`)
        self._process = subprocess.Popen(
            own("engine.probes"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # An interrupt at the terminal is not meant for it.
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def tell(self, text: bytes) -> None:
        """Send a line, far shorter than what a pipe takes at once. Secrets go this way alone."""
        # One that has ended by itself may have left its report.
        with suppress(BrokenPipeError):
            os.write(self._stdin.fileno(), text)

    def line(self, within: float) -> bytes:
        """Its next line. _Unmeasured if it does not come in `within` seconds."""
        deadline = time.monotonic() + within
        while b"\n" not in self._heard:
            readable, _, _ = select.select([self._stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise _Unmeasured(f"their process said nothing for {within:g} s")
            said = os.read(self._stdout.fileno(), 65536)
            if not said or len(self._heard) > LIMIT:
                raise _Unmeasured(f"their process ended early: {self._last_error() or 'without a word'}")
            self._heard += said
        text, _, self._heard = self._heard.partition(b"\n")
        return text

    def end(self, within: float = 5.0) -> None:
        """Wait `within` seconds until it is gone, then kill it."""
        # Its stdin is at its end with this, which tells it to stop, too.
        for stream in (self._stdin, self._stdout, self._errors):
            with suppress(OSError):
                stream.close()
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_error(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4096))
        lines = self._errors.read().decode(errors="replace").splitlines()
        return clean(lines[-1], 200) if lines else ""
