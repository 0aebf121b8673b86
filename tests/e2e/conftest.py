"""Real hosts for the whole run: brought up clean and deployed once, healed between tests, taken down at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.e2e import lab


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """The reference topology, deployed from clean hosts. HATUI_KEEP_LAB=1 works on a lab that is up, and leaves it."""
    keep = bool(os.environ.get("HATUI_KEEP_LAB"))
    if not keep:
        lab.start_clean()
    try:
        yield
    finally:
        if not keep:
            lab.halab("down")


@pytest.fixture
def healthy(cluster: None) -> Iterator[None]:
    """A cluster that is all OK before the test, and is brought back to that after it."""
    lab.all_ok(within=60)
    yield
    lab.repair()
