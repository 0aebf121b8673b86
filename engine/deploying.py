"""A layer's deploy, begun as a process of its own (engine/apply.py) and heard to its end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence

import msgspec

from cluster.changes import Change
from cluster.spec import Cluster
from cluster.text import clean
from cluster.wire.deploys import Began, Changed, Deployed, Due, Failed, Heard
from cluster.wire.lines import OtherVersion, Reader
from deploy.secrets import asked
from engine.asked import Asked
from engine.start import own
from operations import starting
from operations.progress import note, why_lost
from operations.steps import Refused

WITHIN = 3600
"""Seconds that a stage's deploy may take: a state transfer may need half of it."""
DRY_WITHIN = 120
"""Seconds in which all hosts must have told what would change on them."""


def changes(cluster: Cluster, layers: Sequence[str]) -> list[Change]:
    """What a deploy of `layers` would change on all hosts, in the layers' order. Refused if that can't be had."""
    with _Deploy(cluster, layers, (), dry=True) as deploy:
        found = [one.change for one in deploy.heard() if isinstance(one, Due)]
    return sorted(found, key=lambda change: layers.index(change.layer))


def deployed(cluster: Cluster, layer: str, hosts: Sequence[str]) -> None:
    """Deploy `layer` on `hosts`. Refused, with operation, host and what was said, unless all of it succeeded."""
    failed = ""
    with _Deploy(cluster, [layer], hosts, dry=False) as deploy:
        try:
            for one in deploy.heard():
                match one:
                    case Changed(host, operation):
                        note(f"{host}: {operation}, changed")
                    case Began():
                        starting.tell(one)
                    case Failed(host, operation):
                        failed = f"{operation}, on {host}: "
        except Refused as refusal:
            raise Refused(f"{failed}{refusal}") from None


class _Deploy:
    def __init__(self, cluster: Cluster, layers: Sequence[str], hosts: Sequence[str], *, dry: bool) -> None:
        command = own("engine", "apply")
        command += [part for layer in layers for part in ("--layer", layer)]
        command += [part for host in hosts for part in ("--limit", host)]
        # A file takes whatever it may say; a pipe that nobody reads would hold it up.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        secrets = asked(cluster)
        self._process = subprocess.Popen(
            [*command, *(["--dry"] if dry else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            # The cluster that was planned for, whatever has become of its inventory. The pipe then stays open: somebody
            # waits for the end.
            self._process.stdin.write(msgspec.json.encode(Asked(cluster, secrets)) + b"\n")
            self._process.stdin.flush()
        self._within = DRY_WITHIN if dry else WITHIN
        self._ended = ""
        """Why it was ended before its end."""
        self._watch = threading.Thread(target=self._may_go_on, daemon=True)

    def __enter__(self) -> _Deploy:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _may_go_on(self) -> None:
        """End the deploy when its time is over, or when the cluster's lock is lost: somebody else may have it then."""
        deadline = time.monotonic() + self._within
        while self._process.poll() is None and not self._ended:
            if time.monotonic() > deadline:
                self._ended = f"It had not ended after {self._within} s, and was ended."
            self._ended = self._ended or why_lost() or ""
            time.sleep(0.5)
        if self._ended:
            self._process.kill()

    def heard(self) -> Iterator[Heard]:
        """What it tells, as it comes. Refused, with the reason, unless the last message says that all is well."""
        assert self._process.stdout is not None
        reader: Reader[Heard] = Reader(Heard)
        for text in self._process.stdout:
            try:
                one = reader.read(text)
            except (OtherVersion, msgspec.DecodeError) as error:
                raise Refused(f"What the deploy says can't be read, and it was ended. {error}") from None
            if isinstance(one, Deployed):
                if not one.ok:
                    raise Refused(one.reason)
                return
            if one is not None:
                yield one
        raise Refused(self._silent())

    def _silent(self) -> str:
        """Why there was no last line."""
        code = self._process.wait()
        self._errors.seek(max(self._errors.seek(0, os.SEEK_END) - 600, 0))
        said = clean(self._errors.read().decode(errors="replace"), 300)
        return self._ended or said or f"The deploy ended with {code} and without a word."
