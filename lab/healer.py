"""The process that heals one fault when its time is over, whatever has become of the one that made it.

It has to be there before the fault is. It is a process of this machine, so that it can heal a host without power, cut
off or frozen; it is in a session and a control group of its own, so that nothing that ends its maker ends it.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress

from lab import cases, detached, process
from lab.cases import Case
from lab.errors import LabError
from lab.topology import Lab, parse_subnet

START_LIMIT = 30.0

_AGAIN = 5.0
"""Seconds after which it tries again to heal what it could not."""


def arm(lab: Lab, case: Case) -> None:
    """Write the case down and start its healer. It waits already when this returns; LabError if it does not start."""
    cases.save(lab, case)
    words = ["lab.healer", str(lab.subnet), case.id]
    with (cases.folder(lab) / "log").open("a") as log:
        waits = detached.begin(lab, "faults", words, log=log, note=cases.healer(lab, case.id), within=START_LIMIT)
    if not waits:
        disarm(lab, case)
        raise LabError(f"what heals {case} in time did not start (see {cases.folder(lab) / 'log'}): nothing was done")


def disarm(lab: Lab, case: Case) -> None:
    """Take the note away and end the healer: the case is healed, or was never made."""
    waiting = process.load(cases.healer(lab, case.id))
    cases.forget(lab, case.id)
    if waiting:
        waiting.kill()


def wait(lab: Lab, case_id: str, report: int) -> None:
    """Heal the case when its time has come; one byte to the file descriptor `report` says that this waits for it."""
    mine = cases.load(lab, case_id)
    with socket.socket(fileno=report) as line, suppress(BrokenPipeError):
        line.send(b"1")
    while mine and cases.load(lab, case_id) == mine:
        if mine.left:
            time.sleep(mine.left)
            continue
        with cases.lock(lab, case_id):
            if cases.load(lab, case_id) == mine and _healed(lab, mine):
                cases.forget(lab, case_id)
                return
        time.sleep(_AGAIN)


def _healed(lab: Lab, case: Case) -> bool:
    # All that heals is read when it is needed: a process that only waits stays small.
    from lab.fault import known

    now = time.strftime("%H:%M:%S")
    try:
        known().need(case.fault).heal(lab, case)
    except (LabError, OSError) as why:
        print(f"{now} {case}: not healed: {why}", flush=True)
        return False
    print(f"{now} {case}: healed in time", flush=True)
    return True


if __name__ == "__main__":
    wait(parse_subnet(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
