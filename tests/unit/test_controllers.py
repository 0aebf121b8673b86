"""Standby and back as steps: what is waited for, and what is not when somebody else takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cluster.pacemaker.record import CrmNode, CrmStatus
from operations import controllers
from operations.steps import Refused
from tests.unit.test_health import CONTROLLERS, CRM

VIEW = replace(CRM, resources=tuple(replace(one, nodes=("cc01",)) for one in CRM.resources))


def seen(**more: bool) -> CrmStatus:
    """All controllers' view, in which cc02 runs nothing and is as said."""
    cc02 = replace(CrmNode("cc02", True, False, False, False, False, False), **more)  # type: ignore[arg-type]
    return replace(VIEW, nodes=(VIEW.nodes[0], cc02, VIEW.nodes[2]))


def busy(**more: bool) -> CrmStatus:
    """The same, in which cc02 still runs a resource."""
    return replace(seen(**more), resources=(replace(VIEW.resources[0], nodes=("cc02",)), *VIEW.resources[1:]))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[CrmStatus]:
    """What the controllers say, one look after the other; the last one for ever."""
    left: list[CrmStatus] = []

    def look(_: object) -> dict[str, CrmStatus]:
        return dict.fromkeys(CONTROLLERS, left.pop(0) if len(left) > 1 else left[0])

    monkeypatch.setattr(controllers, "nodes_of", look)
    return left


def asked(step_verify: object, times: int) -> Iterator[str | None]:
    assert callable(step_verify)
    for _ in range(times):
        yield step_verify()


def test_a_standby_that_somebody_else_takes_back_is_not_waited_for(answers: list[CrmStatus]) -> None:
    verify = controllers.stands_by(CONTROLLERS, "cc02").verify
    # What was asked for may not be seen at once.
    answers += [busy(), busy(), busy(standby=True), busy(), busy()]
    assert list(asked(verify, 4)) == [
        "cc02 is not in standby", "cc02 is not in standby", "cc02 still runs vip", "cc02 is not in standby",
    ]  # fmt: skip
    with pytest.raises(Refused, match="Somebody else took cc02 out of standby"):
        verify()


def test_a_standby_that_one_controller_has_not_heard_of_yet_is_waited_for(answers: list[CrmStatus]) -> None:
    verify = controllers.stands_by(CONTROLLERS, "cc02").verify
    answers += [busy(standby=True), busy(), busy(standby=True), busy(), seen(standby=True)]
    assert list(asked(verify, 5))[-1] is None


def test_a_controller_that_goes_away_in_standby_was_taken_back_by_nobody(answers: list[CrmStatus]) -> None:
    verify = controllers.stands_by(CONTROLLERS, "cc02").verify
    answers += [busy(standby=True), busy(online=False), busy(online=False), busy(online=False)]
    assert set(asked(verify, 4)) == {"cc02 still runs vip"}


def test_back_online_is_not_waited_for_when_somebody_else_puts_it_into_standby(answers: list[CrmStatus]) -> None:
    verify = controllers.online(CONTROLLERS, "cc02").verify
    answers += [seen(standby=True), seen(pending=True), seen(standby=True)]
    assert list(asked(verify, 3))[:2] == [
        "cc02 is in standby (`hatui undrain cc02`)",
        "cc02 is still joining",
    ]
    with pytest.raises(Refused, match="Somebody else put cc02 into standby"):
        verify()
