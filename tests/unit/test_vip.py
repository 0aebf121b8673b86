"""The VIP moved by hand among three balancers, and taken back, whatever comes between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cluster.keepalived.names import VIP_AWAY_FILE
from cluster.vip import VipNode
from operations import vip
from operations.steps import Refused, Unseen
from tests.unit.test_health import unit

VIP = "192.0.2.47"
KEEPALIVED = unit("keepalived.service")


class Balancers:
    """Three balancers; who is told to give the VIP up does, and haproxy1 takes it then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: str, away: Sequence[str] = ()) -> None:
        self.owner = owner
        self.away = dict.fromkeys(("haproxy1", "haproxy2", "haproxy3"), False) | dict.fromkeys(away, True)
        self.breaks: dict[str, BaseException] = {}
        """What the giving up of a host ends in, after it has begun."""
        monkeypatch.setattr(vip, "shell", self.shell)
        monkeypatch.setattr(vip, "look_all", self.look_all)

    def shell(self, name: str, command: str, **_: Any) -> str:
        if f"echo 1 >{VIP_AWAY_FILE}" in command:
            self.away[name] = True
            if name in self.breaks:
                raise self.breaks[name]
            self.owner = "haproxy1"
        elif command.startswith(f"echo 0 >{VIP_AWAY_FILE}"):
            self.away[name] = False
        return ""

    def look_all(self, names: Sequence[str], *_: Any) -> dict[str, VipNode]:
        return {
            name: VipNode({VIP: "host0"} if name == self.owner else {}, KEEPALIVED, away=self.away[name])
            for name in names
        }


def back(world: Balancers) -> None:
    (step,) = vip.gives_up(list(world.away), VIP, "haproxy1", "haproxy2")
    assert step.undo is not None
    step.undo()


@pytest.mark.parametrize("last", ["haproxy2", "haproxy3"])
@pytest.mark.parametrize("failure", [Unseen("gone"), OSError("broken"), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_a_way_back_that_breaks_off_leaves_nobody_told_to_give_the_vip_up(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException, last: str
) -> None:
    world = Balancers(monkeypatch, "haproxy2", away=["haproxy1"])
    world.breaks[last] = failure
    with pytest.raises(type(failure)):
        back(world)
    assert not any(world.away.values())


def test_the_way_back_leaves_out_of_service_who_was_so_before(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancers(monkeypatch, "haproxy2", away=["haproxy1", "haproxy3"])
    with pytest.raises(Refused, match=r"haproxy3 was told to give \S+ up .`hatui undrain haproxy3`"):
        back(world)
    assert world.owner == "haproxy1"
    assert world.away == {"haproxy1": False, "haproxy2": False, "haproxy3": True}


def test_who_can_not_be_told_is_named_with_the_way_out_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Balancers(monkeypatch, "haproxy2", away=["haproxy1"])
    let = vip._let_own

    def silent(host: str) -> None:
        if host == "haproxy2":
            raise Unseen("haproxy2 does not answer any longer")
        let(host)

    monkeypatch.setattr(vip, "_let_own", silent)
    with pytest.raises(Refused, match="haproxy2 does not answer any longer: `hatui undrain haproxy2`"):
        back(world)
    assert world.away == {"haproxy1": False, "haproxy2": True, "haproxy3": False}
