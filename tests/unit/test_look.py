"""A look: hosts that contradict each other are asked once more, before anything is said of two owners or of none."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import pytest

from cluster.keepalived.record import VRRP_OWNER
from cluster.state import ClusterState, Unknown
from cluster.vip import VipNode, owners
from engine import look, session
from engine.frames import Beat, Frame, Section
from engine.look import HELD_UP, Answer, Talk
from engine.own import LATE, OwnTime
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
    own = OwnTime()
    facts: Any = {"lock": Silent(), "vrrp": Vip(), "haproxy": Silent(), "ports": Silent()}
    talks: Any = {"haproxy1": one, "haproxy2": two}
    return asyncio.run(look.converse(TWO, facts, talks, own, own.now()))


@pytest.mark.parametrize(
    ("one", "two", "expected"),
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
    one: tuple[str, ...], two: tuple[str, ...], expected: list[str]
) -> None:
    hosts = Told(*one), Told(*two)
    assert list(owners(seen(*hosts)[VRRP_OWNER], VIP)) == expected
    assert not hosts[0].says and not hosts[1].says


def test_one_that_does_not_answer_the_second_time_is_not_known_and_the_other_is_the_owner() -> None:
    state = seen(Told("yes", None), Told("yes", "yes"))
    assert list(owners(state[VRRP_OWNER], VIP)) == ["haproxy2"]
    assert state[VRRP_OWNER]["haproxy1"] == Unknown(
        f"has not answered since haproxy2 told that {VIP} is on haproxy2; before, it told that {VIP} is on haproxy1"
    )
    assert state.hosts["haproxy1"] == Unknown("did not answer within 4 s")


def test_a_gate_s_view_has_no_two_owners_of_a_vip_that_moved_while_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = {"haproxy1": HEALTHY[VRRP_OWNER]["haproxy2"], "haproxy2": HEALTHY[VRRP_OWNER]["haproxy1"]}
    said: dict[str, list[Any]] = {layer: [told] * 2 for layer, told in HEALTHY.seen.items()}
    said["vrrp"] = [dict.fromkeys(BALANCERS, HEALTHY[VRRP_OWNER]["haproxy1"]), moved]
    kinds = {layer: type(layer, (), {}) for layer in said if layer not in ("hosts", "lock")}
    monkeypatch.setattr(session, "facts", lambda: {layer: kind() for layer, kind in kinds.items()})
    monkeypatch.setattr(session, "look_all", lambda _, kind: said[kind.__name__].pop(0))
    monkeypatch.setattr(session, "_reach", lambda name: HEALTHY.hosts[name])
    state = session.seen(SPEC)
    assert state[VRRP_OWNER] == moved
    assert len(said["galera"]) == 1, "what nobody contradicts is asked once"


class Piped:
    """Stands for a connection: the host has answered once there is something in its pipe."""

    def __init__(self, waits: float = 0.0) -> None:
        self.reads, self.writes = os.pipe()
        self.waits = waits

    def teach(self, sections: object) -> None:
        pass

    def ask(self, names: object) -> None:
        pass

    def waited(self) -> float:
        return self.waits

    async def frames(self) -> AsyncIterator[Frame]:
        stream = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(stream)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(self.reads, "rb"))
        await stream.readexactly(1)
        yield Beat()


def asked(piped: Piped, within: float, *, blocked: float) -> Answer:
    """A host that answers while this process does not run for so many seconds."""

    def block() -> None:
        os.write(piped.writes, b"x")
        time.sleep(blocked)

    async def ask() -> Answer:
        own = OwnTime()
        begun = own.now()
        line: Any = piped
        talk = Talk(line, {}, own)
        if blocked:
            asyncio.get_running_loop().call_later(0.01, block)
        return await talk.ask((), begun, within)

    return asyncio.run(ask())


def test_a_host_that_answered_while_this_process_was_held_up_has_answered() -> None:
    assert asked(Piped(), LATE / 2, blocked=2 * LATE).reason is None


def test_whose_fault_it_is_that_a_host_did_not_answer_is_said() -> None:
    assert asked(Piped(), 0.01, blocked=0).reason == "did not answer within 0.01 s"
    waited = asked(Piped(HELD_UP + 1), -HELD_UP, blocked=0).reason
    assert waited == (
        "was not waited for any longer: this machine was too busy (its own processes waited 16.0 s for a processor)"
    )
    assert asked(Piped(2), -2, blocked=0).reason == (
        "did not answer within -2 s, this machine's delays left out (its own processes waited 2.0 s for a processor)"
    )
