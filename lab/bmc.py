"""The hosts' BMCs: started, stopped and given a password here; `lab.bmcd` is the server itself."""

from __future__ import annotations

import secrets
from pathlib import Path

from lab import cgroup, detached, process
from lab.errors import LabError
from lab.process import Process
from lab.topology import Lab

USER = "halab"
PORT = 623
"""UDP, IPMI 2.0's own (RMCP primary port)."""

START_LIMIT = 15.0


def password_file(lab: Lab) -> Path:
    return lab.bmc_dir / "password"


def running(lab: Lab) -> Process | None:
    """The process that serves all BMCs of the lab, if it runs."""
    return process.load(lab.bmc_dir / "pid")


def ensure(lab: Lab) -> None:
    """Make the password (random, one for the lab) and start the server, unless they are there.

    Returns when every BMC has its socket; LabError if it does not start within START_LIMIT seconds.
    """
    lab.bmc_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not password_file(lab).exists():
        # IPMI 2.0 takes at most 20 bytes (22.30 of its specification), and many tools only 16.
        process.replace_file(password_file(lab), secrets.token_hex(8), 0o600)
    if running(lab):
        return
    words = ["lab.bmcd", str(lab.subnet)]
    with (lab.bmc_dir / "log").open("w") as log:
        serves = detached.begin(lab, "bmc", words, log=log, note=lab.bmc_dir / "pid", within=START_LIMIT, inside=True)
    if not serves:
        stop(lab)
        said = (lab.bmc_dir / "log").read_text(errors="replace").strip().splitlines()[-1:]
        raise LabError(f"the hosts' BMCs did not start: {' '.join(said) or 'no message'} (see {lab.bmc_dir / 'log'})")


def stop(lab: Lab) -> None:
    """End the server; the password stays."""
    server = running(lab)
    if server:
        server.kill()
    (lab.bmc_dir / "pid").unlink(missing_ok=True)
    cgroup.remove_member(lab, "bmc")
