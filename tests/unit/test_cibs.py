"""Every CIB of the table is judged as the table says. What is kept of crm_mon's is from Pacemaker 2.1.5 (Debian 12)."""

from __future__ import annotations

import pytest

from tests.unit.cib_cases import CASES, Case
from tests.unit.crm_rendering import RENDERED, amiss, file_of, kept


@pytest.mark.parametrize(("case", "answer"), zip(CASES, kept(), strict=True), ids=[case.name for case in CASES])
def test_a_cib_is_judged_as_the_table_says(case: Case, answer: str) -> None:
    assert amiss(case, answer) == []


def test_no_rendering_is_left_over() -> None:
    assert {file_of(case) for case in CASES} == set(RENDERED.iterdir())
    assert len(CASES) >= 60
