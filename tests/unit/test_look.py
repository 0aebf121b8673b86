"""A look: hosts that contradict each other are asked once more, before anything is said of two owners or of none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from cluster.health.vip import holders
from cluster.state import ClusterState, Unknown, VipNode
from engine import look, session
from engine.frames import Section
from engine.look import Answer
from tests.unit.test_health import HEALTHY, HOSTS, SPEC, VIP, unit

BALANCERS = ("haproxy1", "haproxy2")
TWO = replace(SPEC, hosts={name: HOSTS[name] for name in BALANCERS})


class Vip:
    """Stands for the fact: a host says yes or no."""

    def process(self, lines: list[str]) -> VipNode:
        return VipNode({VIP: "host0"} if lines == ["yes"] else {}, unit("keepalived.service"))


class Silent:
    """Stands for the facts of the other layers."""

    def process(self, _: list[str]) -> Unknown:
        return Unknown("is not told of")


class Told:
    """Stands for a host's connection: what it says of the VIP the first time, and the second; None: nothing."""

    def __init__(self, *says: str | None) -> None:
        self.says = list(says)
        self.answer = Answer()

    async def ask(self, names: Iterable[str], begun: float, within: float = 4) -> Answer:
        said = self.says.pop(0)
        for name in names if said else ():
            self.answer.sections[name] = Section(name, 0, said or "")
            self.answer.moments[name] = time.monotonic()
        self.answer.reason = None if said else "did not answer within 4 s"
        return self.answer


def seen(one: Told, two: Told) -> ClusterState:
    facts: Any = {"lock": Silent(), "vrrp": Vip(), "haproxy": Silent()}
    talks: Any = {"haproxy1": one, "haproxy2": two}
    return asyncio.run(look.converse(TWO, facts, talks, time.monotonic()))


@pytest.mark.parametrize(
    ("one", "two", "owners"),
    [
        (("yes",), ("no",), ["haproxy1"]),
        # It moved while they were asked.
        (("yes", "no"), ("yes", "yes"), ["haproxy2"]),
        (("no", "no"), ("no", "yes"), ["haproxy2"]),
        # So it is.
        (("yes", "yes"), ("yes", "yes"), ["haproxy1", "haproxy2"]),
        (("no", "no"), ("no", "no"), []),
    ],
)
def test_two_owners_or_none_are_told_of_if_they_say_so_twice(
    one: tuple[str, ...], two: tuple[str, ...], owners: list[str]
) -> None:
    hosts = Told(*one), Told(*two)
    assert holders(seen(*hosts).vrrp, VIP) == owners
    assert not hosts[0].says and not hosts[1].says


def test_one_that_does_not_answer_the_second_time_is_not_known_and_the_other_is_the_owner() -> None:
    state = seen(Told("yes", None), Told("yes", "yes"))
    assert holders(state.vrrp, VIP) == ["haproxy2"]
    assert state.vrrp["haproxy1"] == Unknown(
        f"has not answered since haproxy2 told that {VIP} is on haproxy2; before, it told that {VIP} is on haproxy1"
    )
    assert state.hosts["haproxy1"] == Unknown("did not answer within 4 s")


def test_a_gate_s_view_has_no_two_owners_of_a_vip_that_moved_while_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = {"haproxy1": HEALTHY.vrrp["haproxy2"], "haproxy2": HEALTHY.vrrp["haproxy1"]}
    said: dict[str, list[Any]] = {layer: [getattr(HEALTHY, layer)] * 2 for layer in ClusterState.__dataclass_fields__}
    said["vrrp"] = [dict.fromkeys(BALANCERS, HEALTHY.vrrp["haproxy1"]), moved]
    kinds = {layer: type(layer, (), {}) for layer in said if layer not in ("hosts", "lock")}
    monkeypatch.setattr(session, "facts", lambda: {layer: kind() for layer, kind in kinds.items()})
    monkeypatch.setattr(session, "look_all", lambda _, kind: said[kind.__name__].pop(0))
    monkeypatch.setattr(session, "_reach", lambda name: HEALTHY.hosts[name])
    state = session.seen(SPEC)
    assert state.vrrp == moved
    assert len(said["galera"]) == 1, "what nobody contradicts is asked once"
