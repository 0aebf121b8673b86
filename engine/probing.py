"""The probes as the engine uses them: started before a run's first step, asked after its last one.

They never hold up a run: what can't be measured is said, and no figure stands in for it.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from cluster.spec import Cluster
from cluster.text import clean
from deploy.secrets import SecretError, secret
from engine.probes.report import Ready, Report, Target, Wanted

READY_WITHIN = 10.0
"""Seconds: twice what the prober takes at most to say whether its probes succeed."""
REPORT_WITHIN = 15.0
"""Seconds until the last probes, which hang where the service does, have ended."""
LIMIT = 2**18
"""Bytes of one line."""


class Probing:
    """What clients feel through the VIPs, measured in a process of its own between `start` and `stop`."""

    def __init__(self, cluster: Cluster, services: Sequence[str]) -> None:
        self._cluster = cluster
        self._services = services
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = b""
        self._reason = ""

    def start(self) -> str | None:
        """Begin, and wait until each service was reached once: None then.

        Otherwise the reason why it can't be measured, or that a service did not answer once in 5 s. `stop` is to be
        called all the same.
        """
        if not self._services:
            return None
        try:
            request = msgspec.json.encode(Wanted(_targets(self._cluster, self._services))) + b"\n"
            self._errors = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine.probes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                # An interrupt at the terminal is not meant for it.
                start_new_session=True,
            )
            self._write(request)
            line = self._line(READY_WITHIN)
            ready = msgspec.json.decode(line, type=Ready)
        except (SecretError, OSError, msgspec.MsgspecError) as error:
            self._reason = clean(self._why(error), 300)
            return self._reason
        return None if ready.ready else clean(ready.reason, 300)
