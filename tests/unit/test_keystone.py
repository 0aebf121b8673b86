"""Keystone's keys: whose are the newest, how they are rotated, and what becomes of a rotation that breaks off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.openstack.keystone import KEYS
from cluster.outcome import Outcome
from cluster.state import ClusterState, Unknown
from cluster.validate import cluster_spec
from engine.runbook import Plan, View
from engine.runbooks import restart, rotate_fernet
from facts.keystone_keys import KeyFiles, KeysAge
from operations import keystone_keys, keystone_rotation
from operations.keystone_keys import newest
from operations.procedure import carry_out
from operations.steps import Refused, Unseen
from tests.unit.inventories import inventory

SPEC = cluster_spec(inventory((("keystone",), {})))
HOSTS = ("ctl1", "ctl2", "ctl3")


def test_its_keys_are_read() -> None:
    assert KeyFiles().process([f"abc  {KEYS[0]}/0", "nonsense"]) == {f"{KEYS[0]}/0": "abc"}


def keys(*numbers: int, mark: str = "a") -> dict[str, str]:
    return {f"{KEYS[0]}/{number}": f"{mark}{number}" for number in numbers} | {f"{KEYS[1]}/0": "c"}


def test_the_keys_that_a_rotation_made_last_are_those_of_all() -> None:
    assert newest({"ctl1": {}, "ctl2": {}}) is None
    assert newest({"ctl1": {}, "ctl2": keys(0, 1), "ctl3": keys(0, 1)}) == "ctl2"
    assert newest({"ctl1": keys(0, 9), "ctl2": keys(0, 10), "ctl3": keys(0, 9)}) == "ctl2"
    with pytest.raises(Refused, match="ctl1 and ctl3 have different keys"):
        newest({"ctl1": keys(0, 1), "ctl2": {}, "ctl3": keys(0, 1, mark="b")})


def rotation(monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], age: int | None) -> Plan:
    for module in (keystone_keys, keystone_rotation):
        monkeypatch.setattr(module, "look", lambda *_: age)
    monkeypatch.setattr(keystone_keys, "look_all", lambda names, _: {name: found[name] for name in names})
    return rotate_fernet.plan(View(SPEC, ClusterState({}), Path("inventory.py")))


def test_the_keys_are_rotated_on_one_and_brought_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    same = dict.fromkeys(HOSTS, keys(0, 1))
    found = rotation(monkeypatch, same, 3600)
    names = ["ctl1: a new key for tokens", "ctl2: the keys of ctl1", "ctl3: the keys of ctl1"]
    assert not found.refused and [step.name for step in found.steps] == names
    assert found.steps[0].precheck() is None
    assert found.steps[0].verify() == "ctl1 has the keys that it had"
    # What another rotation has done meanwhile is seen before anything is done.
    monkeypatch.setattr(keystone_keys, "look_all", lambda names, _: {n: keys(0, 1, mark=n) for n in names})
    assert found.steps[0].precheck() == "ctl2, ctl3 have other keys than ctl1"


def test_no_rotation_ends_a_token_that_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    same = dict.fromkeys(HOSTS, keys(0, 1))
    refused = rotation(monkeypatch, same, 599).refused
    assert refused.startswith("the keys are 9 minutes old") and refused.endswith("would end them. Wait 51 minutes.")
    assert rotation(monkeypatch, same, 3599).refused.endswith("Wait 1 minutes.")
    assert "deploy keystone first" in rotation(monkeypatch, {name: {} for name in HOSTS}, None).refused


def test_a_rotation_that_broke_off_is_finished_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rotation(monkeypatch, {"ctl1": keys(0, 1, 2), "ctl2": keys(0, 1), "ctl3": keys(0, 1, 2)}, 5)
    assert not found.refused and [step.name for step in found.steps] == ["ctl2: the keys of ctl1"]
    refused = rotation(monkeypatch, {"ctl1": keys(0, 1), "ctl2": Unknown("can't be reached"), "ctl3": {}}, 9999).refused
    assert refused.startswith("ctl2: can't be reached.")


def test_the_age_of_the_keys_is_read() -> None:
    assert KeysAge().process(["61"]) == 61 and KeysAge().process([""]) is None and KeysAge().process([]) is None


class Hosts:
    """Three controllers, as far as a rotation changes and looks at them; call number `at` goes wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys = {name: keys(0, 1) for name in HOSTS}
        self.age = 9999
        self.calls = self.at = 0
        self.failure: BaseException = Refused("it does not work")
        self.done = False
        for module in (keystone_keys, keystone_rotation):
            monkeypatch.setattr(module, "look", self.look)
            monkeypatch.setattr(module, "shell", self.shell)
        monkeypatch.setattr(keystone_keys, "look_all", lambda names, _: {name: dict(self.keys[name]) for name in names})
        monkeypatch.setattr("time.sleep", lambda _: None)

    def look(self, name: str, fact: type) -> Any:
        return self.age if fact is KeysAge else dict(self.keys[name])

    def shell(self, name: str, command: str, *, stdin: str = "", **_: object) -> str:
        self.calls += 1
        fails = self.calls == self.at
        if fails and not self.done:
            raise self.failure
        said = ""
        if "fernet_rotate" in command:
            highest = max(int(path.rpartition("/")[2]) for path in self.keys[name] if path.startswith(f"{KEYS[0]}/"))
            self.keys[name] = keys(0, highest, highest + 1, mark=f"rotated {highest}")
            self.age = 0
        elif command.startswith("tar"):
            said = json.dumps(self.keys[name])
        else:
            self.keys[name] = json.loads(stdin)
        if fails:
            raise self.failure
        return said


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("failure", [Refused("no"), Unseen("gone", host="ctl2"), KeyboardInterrupt(), OSError(5, "x")])
def test_a_rotation_that_breaks_anywhere_is_finished_by_the_next_and_rotates_once(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException, done: bool
) -> None:
    at, broke = 0, True
    while broke:
        at += 1
        hosts = Hosts(monkeypatch)
        hosts.at, hosts.failure, hosts.done = at, failure, done
        view = View(SPEC, ClusterState({}), Path("inventory.py"))
        result = carry_out(rotate_fernet.plan(view).steps, lambda _entry, /: None)
        broke = hosts.calls >= at
        assert (result.outcome is Outcome.DONE) == (not broke), (at, result)
        if broke and hosts.age == 0:
            assert "ctl1" in result.reason, result
        hosts.at = 0
        again = rotate_fernet.plan(view)
        if not again.refused:
            assert carry_out(again.steps, lambda _entry, /: None).outcome is Outcome.DONE
        assert hosts.keys == dict.fromkeys(HOSTS, keys(0, 1, 2, mark="rotated 1")), (at, hosts.keys)
        assert rotate_fernet.plan(view).refused.startswith("the keys are 0 minutes old")
    assert at == 6


def test_what_the_inventory_has_not_is_neither_restarted_nor_rotated() -> None:
    view = View(cluster_spec(inventory()), ClusterState({}), Path("inventory.py"))
    said = "The inventory has no keystone: a section of that name adds it."
    assert restart.plan(view, "keystone").refused == said == rotate_fernet.plan(view).refused
