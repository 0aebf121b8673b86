"""A plugin of pytest that has coverage note, with each line, the test for which it ran: in its fixtures too."""

from __future__ import annotations

import pytest
from coverage import Coverage


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    measuring = Coverage.current()
    assert measuring is not None, "this plugin is for a run under `coverage run`"
    measuring.switch_context(item.nodeid.partition("[")[0])
