"""`python -m bench [NAME …]`: measure what is named, or everything, and print one table.

Works on the default lab, which it takes down and brings up; it refuses to start while that lab is up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench.console import console
from bench.main_job import demo, deploys, halab, lab_is_up
from bench.memory import memory
from bench.observer import observers
from bench.openstack import openstack
from bench.probes import probes
from bench.report import Figure, table
from bench.snapshots import snapshots
from bench.start import starts
from bench.status import statuses
from bench.switchovers import switchovers

BENCHES: dict[str, Callable[[], list[Figure]]] = {
    "demo": demo,
    "deploy": deploys,
    "status": statuses,
    "memory": memory,
    "snapshots": snapshots,
    "observer": observers,
    "probes": probes,
    "switchovers": switchovers,
    "console": console,
    "start": starts,
    "openstack": openstack,
}
"""In this order: `deploy` leaves the lab up for the ones after it."""


def main() -> int:
    """Run the benches named as arguments. 2 if a name is unknown or the lab is in use."""
    names = sys.argv[1:] or list(BENCHES)
    if unknown := set(names) - set(BENCHES):
        print(f"There is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    if "demo" in names or "deploy" in names:
        if lab_is_up():
            print("The lab is up, and the bench would take it away: run `halab down` first.", file=sys.stderr)
            return 2
    elif set(names) != {"console"} and not lab_is_up():
        print("The lab is down: run `make demo`, or let the bench `deploy` come first.", file=sys.stderr)
        return 2
    figures = [figure for name, bench in BENCHES.items() if name in names for figure in bench()]
    print(table(figures))
    if "deploy" in names:
        halab("down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
