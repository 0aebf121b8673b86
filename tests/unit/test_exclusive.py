"""What only one may be: never are two told that never were, in whatever order the answers come; two that are, are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, pairwise, product

import pytest

from cluster.assess import assess
from cluster.exclusive import Reading, claim_of, current, disputed, outdated, reading
from cluster.haproxy.record import ProxyNode
from cluster.health.verdict import Verdict
from cluster.keepalived.record import VRRP_OWNER
from cluster.layer import Claim
from cluster.locked import LockNode
from cluster.spec import Host, Role
from cluster.state import ClusterState, Unknown
from cluster.vip import VipNode
from engine.observe.diff import events
from engine.observe.memory import SILENT, Memory
from engine.observe.turns import Turns
from engine.seen import Seen
from tests.unit.test_health import CRM, GALERA, SPEC, VIP, proxy, unit

PERIODS = {"lock": 100.0, "vrrp": 100.0, "haproxy": 100.0, "ports": 100.0}
NEVER = "(split)", "is haproxy1, haproxy2", "none of haproxy1", "is nobody"
KEEPALIVED = unit("keepalived.service")


@dataclass(frozen=True)
class Look:
    """A host is asked, looks, and its answer comes; never: None."""

    asked: int
    looks: int
    comes: int | None


def looks(first: int, last: int, many: int) -> list[tuple[Look, ...]]:
    """Every way of looking up to `many` times, one after the other; the last may have no answer."""
    one = [Look(*moments) for moments in combinations_with_replacement(range(first, last + 1), 3)]
    lost = [Look(*moments, None) for moments in combinations_with_replacement(range(first, last + 1), 2)]
    found: list[tuple[Look, ...]] = [(look,) for look in [*one, *lost]]
    if many > 1:
        found += [(before, *after) for before in one for after in looks(before.comes or 0, last, many - 1)]
    return found


def told(memory: Memory, now: float) -> list[str]:
    """The owners in the view."""
    return [name for name, node in memory.state(now)[VRRP_OWNER].items() if isinstance(node, VipNode) and node.held]


def vip(*, held: bool) -> VipNode:
    return VipNode({VIP: "host0"} if held else {}, KEEPALIVED)


def watched(balancers: int) -> tuple[Memory, list[str]]:
    """An observer of so many balancers, that saw at 0 that the first one has the VIP."""
    names = [f"haproxy{n}" for n in range(1, balancers + 1)]
    hosts = {name: Host(name, f"192.0.2.{n}", Role.HAPROXY) for n, name in enumerate(names)}
    memory = Memory(replace(SPEC, hosts=hosts), PERIODS)
    for name in names:
        memory.heard(name, 0)
        memory.saw(name, "vrrp", vip(held=name == "haproxy1"), 0.2, 0, 0.2)
    return memory, names


def orders(ways: list[list[tuple[Look, ...]]]) -> Iterator[list[tuple[int, int, Look]]]:
    """The answers in every order in which they can come: when, of which host, from which look."""
    for chosen in product(*ways):
        looked = [(host, look) for host, looks in enumerate(chosen) for look in looks]
        yield sorted(((look.comes, host, look) for host, look in looked if look.comes), key=lambda one: one[:2])


@pytest.mark.parametrize(("balancers", "many", "last"), [(2, 2, 3), (3, 1, 3)])
def test_a_vip_that_moves_once_is_never_told_of_on_two_hosts(balancers: int, many: int, last: int) -> None:
    """At every moment, with answers that are slow and with some that never come, from a host that died."""
    ways = looks(1, last, many)
    for order in orders([ways] * balancers):
        for moved in range(1, last + 1):
            memory, names = watched(balancers)
            for comes, host, look in order:
                # Who had it until then has lost it, or lost its power: the answer that was on its way still comes.
                held = host == 0 if look.looks < moved else host == 1
                memory.saw(names[host], "vrrp", vip(held=held), comes + 0.5, look.asked + 0.4, 0.1)
                assert len(told(memory, comes + 0.5)) < 2, (moved, order)


def test_no_event_tells_of_two_owners_of_a_vip_that_moves_once_nor_of_none() -> None:
    for order in orders([looks(1, 3, 1)] * 2):
        for moved in range(1, 4):
            memory, names = watched(2)
            before = Seen.of(SPEC, memory.state(0.5))
            for comes, host, look in order:
                held = host == 0 if look.looks < moved else host == 1
                memory.saw(names[host], "vrrp", vip(held=held), comes + 0.5, look.asked + 0.4, 0.1)
                now = Seen.of(SPEC, memory.state(comes + 0.5))
                texts = [event.text for event in events(before, now, 17.0)]
                assert not [text for text in texts if any(word in text for word in NEVER)], (moved, order)
                before = now


def test_a_vip_that_is_on_two_hosts_is_told_of_within_one_more_reading_of_each() -> None:
    for begins in range(1, 4):
        for order in orders([looks(1, 3, 1)] * 2):
            memory, names = watched(2)
            for comes, host, look in order:
                held = host == 0 or look.looks >= begins
                memory.saw(names[host], "vrrp", vip(held=held), comes + 0.5, look.asked + 0.4, 0.1)
            for name in names:
                memory.heard(name, 6)
            # Both are asked once more.
            for host, name in enumerate(names):
                memory.saw(name, "vrrp", vip(held=True), 5.2 + host / 10, 5, 0.2)
            for name in memory.outdated("vrrp", 5.5):
                memory.saw(name, "vrrp", vip(held=True), 6.2, 6, 0.2)
            assert told(memory, 6.5) == names, order


def test_the_heir_of_a_host_without_power_is_the_owner_at_once_and_events_tell_of_no_split() -> None:
    memory, _ = watched(2)
    seen = [Seen.of(SPEC, memory.state(0.5))]
    memory.saw("haproxy2", "vrrp", vip(held=True), 1.1, 1.0, 0.1)
    for moment in (1.1, 2.0, 3.0, SILENT + 0.1, 5.0, 7.0):
        memory.heard("haproxy2", moment)
        assert told(memory, moment) == ["haproxy2"]
        seen.append(Seen.of(SPEC, memory.state(moment)))
    texts = [event.text for before, now in pairwise(seen) for event in events(before, now, 17.0)]
    assert f"the owner of {VIP} was haproxy1, and is haproxy2" in texts
    assert not [text for text in texts if "split" in text or "haproxy1, haproxy2" in text]
    judged = next(layer for layer in assess(SPEC, memory.state(2.0)) if layer.layer == "keepalived")
    assert judged.verdict is Verdict.UNKNOWN and "systemctl" not in judged.reason
    assert (
        f"haproxy1 has not answered since haproxy2 told that {VIP} is on haproxy2; before, it told that {VIP} is on "
        "haproxy1" in judged.reason
    )
    assert f"{VIP} is on haproxy2; whether on haproxy1 too is not known" in judged.reason
    assert set(memory.outdated("vrrp", 2.0)) == {"haproxy1"}


def test_in_the_observer_s_first_look_two_that_say_so_are_asked_again_before_it_is_complete() -> None:
    memory, names = watched(2)
    for name in names:
        # It comes back: what it said before is forgotten.
        memory.heard(name, 10)
        memory.saw(name, "lock", LockNode(held=False), 10.3, 10, 0.3)
        memory.saw(name, "haproxy", proxy(), 10.3, 10, 0.3)
        memory.saw(name, "ports", Unknown("a test"), 10.3, 10, 0.3)
        memory.saw(name, "vrrp", vip(held=True), 10.3, 10, 0.3)
    assert told(memory, 10.4) == [] and not memory.complete(10.4)
    for name in names:
        memory.saw(name, "vrrp", vip(held=True), 10.5, 10.4, 0.1)
    assert told(memory, 10.6) == names and memory.complete(10.6)


OTHER = replace(GALERA, size=2, conf_id=4)
PAIRS: list[tuple[str, object, object, str]] = [
    ("haproxy", proxy("mysql1"), proxy("mysql2"), "the writer is mysql2"),
    ("galera", GALERA, OTHER, "the Primary component has 2 members, in its configuration 4"),
    ("pacemaker", CRM, replace(CRM, dc="cc02"), "the DC is cc02"),
    ("lock", LockNode(True, "r1", "alice"), LockNode(True, "r2", "bob"), "bob holds the cluster's lock (run r2)"),
]


@pytest.mark.parametrize(("layer", "before", "after", "words"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_of_two_that_contradict_each_other_the_older_one_is_not_known(
    layer: str, before: object, after: object, words: str
) -> None:
    def said(former: Reading | None, host: str, record: object, asked: float) -> Reading:
        return reading(former, record, asked, asked + 0.1, claim_of(SPEC, layer, host, record))

    old, new = said(None, "a", before, 1), said(None, "b", after, 2)
    assert outdated({"a": old, "b": new}) == {"a": "b"}
    unknown = current({"a": old, "b": new})["a"]
    assert isinstance(unknown, Unknown) and f"since b told that {words}; before, it told that" in unknown.reason
    # It says the same again: so it is.
    again = said(old, "a", before, 3)
    assert current({"a": again, "b": new}) == {"a": before, "b": after}
    # It agrees now.
    assert not outdated({"a": said(old, "a", after, 3), "b": new})


def test_what_claims_nothing_contradicts_nobody() -> None:
    assert claim_of(SPEC, "vrrp", "haproxy1", Unknown("x")) is None
    assert claim_of(SPEC, "rabbitmq", "cc01", Unknown("x")) is None
    assert claim_of(SPEC, "galera", "mysql1", replace(GALERA, cluster_status="non-Primary")) is None
    several = replace(SPEC, haproxy=replace(SPEC.haproxy, single_writer=False))
    node = proxy("mysql1")
    assert isinstance(node, ProxyNode) and claim_of(several, "haproxy", "haproxy1", node) is None
    assert ClusterState()[VRRP_OWNER] == {}


def test_what_a_host_begins_by_itself_tells_of_no_moment_that_it_is_known_to_be_after() -> None:
    turns = Turns({"vrrp": 100, "lock": 100})
    turns.begin(10)
    assert turns.due(11) == ["vrrp", "lock"]
    assert turns.tells("vrrp") == 11
    turns.answered("vrrp", 11.2)
    # Nobody knows when it began, but it had heard what was sent at 11.
    turns.begun(20, ["vrrp"])
    assert turns.tells("vrrp") == 11
    turns.answered("vrrp", 20.1)
    # It was asked while it ran by itself already, of which the word was still on its way.
    turns.stir(30, (0.0,), ["vrrp"])
    assert turns.due(30) == ["vrrp"]
    turns.begun(30.1, ["vrrp"])
    assert turns.tells("vrrp") == 11
    turns.answered("vrrp", 30.2)
    assert turns.tells("vrrp") == 11, "an answer that nobody awaited"
    turns.stir(40, (0.0,), ["vrrp"])
    assert turns.due(40) == ["vrrp"]
    assert turns.tells("vrrp") == 40


def test_what_must_be_claimed_is_disputed_when_nobody_does_and_nothing_else_is() -> None:
    free = {"haproxy1": LockNode(held=False), "haproxy2": LockNode(held=False)}
    assert not disputed(SPEC, "lock", free)
    nobody = dict.fromkeys(("haproxy1", "haproxy2"), VipNode({}, KEEPALIVED))
    assert disputed(SPEC, "vrrp", nobody)
    assert not disputed(SPEC, "vrrp", dict.fromkeys(nobody, Unknown("no answer")))
    assert not disputed(SPEC, "vrrp", {**nobody, "haproxy1": VipNode({VIP: "eth0"}, KEEPALIVED)})
    assert disputed(SPEC, "vrrp", dict.fromkeys(nobody, VipNode({VIP: "eth0"}, KEEPALIVED)))


def test_only_what_was_needed_and_is_claimed_no_more_is_lost() -> None:
    needed, other = Claim("haproxy1", "it has the VIP", needed=True), Claim("mysql1", "it is the writer")
    assert reading(None, None, 1, 2, None).lost is None
    had, wrote = reading(None, "had", 1, 2, needed), reading(None, "wrote", 1, 2, other)
    assert reading(had, "has none", 3, 4, None).lost == needed
    assert reading(wrote, "has none", 3, 4, None).lost is None
    assert reading(had, "has another", 3, 4, other).lost is None
    assert reading(had, Unknown("no answer"), 3, 4, None).lost is None


def test_a_fact_that_no_layer_has_claims_nothing() -> None:
    assert claim_of(SPEC, "uptime", "haproxy1", vip(held=True)) is None


def test_of_what_nobody_has_any_more_it_is_told_who_said_so_first() -> None:
    lost = Claim("haproxy1", f"{VIP} is on haproxy1", needed=True)
    before = Reading("before", 1.0, 1.1, None, 1.1)
    now = Reading("now", 3.0, 3.1, None, 3.1, lost)
    told = current({"haproxy1": now, "haproxy2": before})
    words = f"has not answered since haproxy1 told no longer that {VIP} is on haproxy1"
    assert told == {"haproxy1": "now", "haproxy2": Unknown(words)}
