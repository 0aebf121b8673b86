"""Make a fault, and heal it: the healing is armed first, and what can't be made whole is healed at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from lab import cases, config, healer, hosts
from lab.cases import Case, Value
from lab.errors import LabError
from lab.fault import Fault, known
from lab.topology import Lab

DEFAULT_SECONDS = 600.0
LONGEST = 86400.0


def make(lab: Lab, fault: Fault, names: Sequence[str], options: Mapping[str, Value], seconds: float) -> list[Case]:
    """Make `fault` on the hosts `names`, for `seconds` from now: on all of them, or on none.

    LabError if it can't be made, or if one of them has it already.
    """
    config.need(lab)
    hosts.check_made(lab, names)
    groups = [tuple(names)] if fault.together else [(name,) for name in names]
    wanted = [fault.case(group, options, time.monotonic() + seconds) for group in groups]
    with ExitStack() as held:
        for case in sorted(wanted, key=lambda case: case.id):
            held.enter_context(cases.lock(lab, case.id))
        for case in wanted:
            if there := cases.load(lab, case.id):
                raise LabError(
                    f"`{there}` is there already, for {there.left:.0f} s more: `halab fault heal {there.fault} "
                    f"{' '.join(there.hosts)}` first"
                )
            if why := fault.refuse(lab, case):
                raise LabError(why)
        try:
            _at_once(lambda case: healer.arm(lab, case), wanted)
            _at_once(lambda case: fault.make(lab, case), wanted)
        except BaseException:
            _at_once(lambda case: _heal(lab, fault, case), wanted)
            raise
    return wanted


def heal(lab: Lab, name: str | None = None, of: Sequence[str] = ()) -> list[Case]:
    """Heal the faults `name` (None: all) whose hosts are all among `of` (empty: on whatever host), at once.

    Nothing to do is no error. LabError if one can't be healed; its healer tries again when its time has come.
    """
    faults = known()
    chosen = [
        case for case in cases.found(lab) if name in (None, case.fault) and (not of or set(of) >= set(case.hosts))
    ]
    _at_once(lambda case: _heal_held(lab, faults.need(case.fault), case), chosen)
    return chosen


def _heal_held(lab: Lab, fault: Fault, case: Case) -> None:
    with cases.lock(lab, case.id):
        # Somebody else, or its healer, may have healed it meanwhile.
        if cases.load(lab, case.id) == case:
            _heal(lab, fault, case)


def _heal(lab: Lab, fault: Fault, case: Case) -> None:
    fault.heal(lab, case)
    healer.disarm(lab, case)


def _at_once(act: Callable[[Case], None], wanted: Iterable[Case]) -> None:
    """Do it for all at the same time; the first error is raised when all have ended."""
    some = list(wanted)
    if not some:
        return
    with ThreadPoolExecutor(max_workers=len(some)) as pool:
        jobs = [pool.submit(act, case) for case in some]
    for job in jobs:
        job.result()
