"""Real hosts for the whole run: brought up clean and deployed once, healed between tests, taken down at the end.

Each worker of pytest (pytest-xdist) has a lab of its own, a subnet each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
if WORKER != "0":
    # Before the inventory is imported, which reads it; and here, where only end-to-end tests come by.
    os.environ["HALAB_SUBNET"] = f"192.168.{47 + 8 * int(WORKER)}.0/24"

from tests.e2e import lab  # noqa: E402
from tests.e2e.leaks import CommandLines  # noqa: E402


@dataclass
class Deployment:
    """The first deploy of the run, at its most talkative, and what was seen while it ran."""

    # A failed assertion shows its values, and these are not to be shown.
    output: str = field(repr=False)
    command_lines: CommandLines = field(repr=False)
    secrets: dict[str, str] = field(repr=False)
    well: bool = False
    """Whether all was OK at the end of the test before."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Deployment]:
    """The reference topology, deployed from clean hosts. HATUI_KEEP_LAB=1 works on the lab as it is, and leaves it."""
    keep = bool(os.environ.get("HATUI_KEEP_LAB"))
    if not keep:
        lab.start_clean()
    try:
        with CommandLines() as command_lines:
            done = lab.pyinfra("-y", "-vvv", "--diff", "inventory.py", "deploy/ha.py")
        lab.all_ok(within=60)
        yield Deployment(done.stdout + done.stderr, command_lines, lab.secrets())
    finally:
        if not keep:
            lab.halab("down")


@pytest.fixture
def healthy(cluster: Deployment) -> Iterator[None]:
    """A cluster that is all OK before the test, and is brought back to that after it."""
    if not cluster.well:
        lab.all_ok(within=60)
    cluster.well = False
    lab.forget_runs()
    yield
    lab.repair()
    cluster.well = True
