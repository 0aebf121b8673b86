"""What decides whether somebody is told to bootstrap: each condition of the gates by itself, and what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.galera.components import components
from cluster.galera.gates import (
    evidence as line,
)
from cluster.galera.gates import (
    incomplete,
    is_primary,
    is_synced,
    may_bootstrap,
    may_drain,
    may_join,
    may_run,
    may_write,
    members,
    retries,
    transferring,
)
from cluster.galera.record import GaleraNode
from cluster.galera.recovery import (
    Evidence,
    differing,
    doubts,
    forbidden,
    level,
    lost,
    moved,
    replaced,
    table,
    why,
)
from cluster.galera.recovery_record import GaleraPosition, Sums
from cluster.galera.survivor import may_be_made_primary
from cluster.state import ServiceState, Unknown
from tests.unit.test_health import GALERA, SPEC, proxy, unit

U, V = "f8b4a00a-e86e-11f1-a617-86f4ff3a61af", "0b1f2d3c-e86e-11f1-a617-86f4ff3a61af"
NAMES = ("mysql1", "mysql2", "mysql3")
DOWN = GaleraNode(running=False, uuid=U, seqno=9, safe_to_bootstrap=False, service=unit("mariadb.service", "inactive"))
FRESH = GaleraNode(running=False, uuid="", seqno=-1)
CLEAN = GaleraPosition(U, 9, filed_uuid=U, filed_seqno=9, safe_to_bootstrap=False)
EMPTY = GaleraPosition("", -1, filed_uuid=None, filed_seqno=-1)
GONE = Unknown("can't be reached")
TRIES = replace(DOWN, service=ServiceState("mariadb.service", "activating", "auto-restart", True))

Node = GaleraNode | Unknown
Position = GaleraPosition | Unknown


def three(a: Node, b: Node, c: Node) -> dict[str, Node]:
    return dict(zip(NAMES, (a, b, c), strict=True))


def seen(*positions: Position, nodes: dict[str, Node] | None = None, **sums: Sums | Unknown) -> Evidence:
    known: dict[str, Node] = dict.fromkeys(NAMES, DOWN)
    return Evidence(known | (nodes or {}), dict(zip(NAMES, positions, strict=True)), sums)


# -- the words of the evidence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (GONE, "m: unknown, can't be reached"),
        (replace(GALERA, standalone=True), "m: its server runs without Galera"),
        (GALERA, "m: its server runs (Synced, Primary), uuid u, seqno 7"),
        (replace(GALERA, state="", cluster_status=""), "m: its server runs (no state, no component), uuid u, seqno 7"),
        (replace(GALERA, answers=False, uuid=""), "m: its server runs (no answer), uuid none, seqno 7"),
        (replace(GALERA, answers=False, turns_away="full"), "m: its server runs (full), uuid u, seqno 7"),
        (replace(DOWN, uuid="u"), "m: down, uuid u, seqno 9, safe_to_bootstrap 0"),
        (replace(DOWN, uuid="u", seqno=0), "m: down, uuid u, seqno 0, safe_to_bootstrap 0"),
        (replace(DOWN, uuid="u", seqno=-1), "m: down, uuid u, seqno -1 (crashed: not written), safe_to_bootstrap 0"),
        (FRESH, "m: down, uuid none, seqno -1, safe_to_bootstrap none"),
        (replace(DOWN, uuid="u", safe_to_bootstrap=True), "m: down, uuid u, seqno 9, safe_to_bootstrap 1"),
    ],
)  # fmt: skip
def test_the_evidence_of_a_node_is_one_line(node: Node, text: str) -> None:
    assert line("m", node) == text


def test_the_table_is_as_wide_as_what_it_shows_and_says_what_each_node_is() -> None:
    crashed = replace(CLEAN, filed_seqno=-1, safe_to_bootstrap=None)
    nodes: dict[str, Node] = {"mysql2": TRIES, "mysql3": GONE}
    assert table(seen(CLEAN, crashed, GONE, nodes=nodes)).splitlines() == [
        f"host    server         uuid{' ' * 32}  seqno  state file    safe_to_bootstrap",
        f"mysql1  down           {U}  9      agrees        0",
        f"mysql2  tries in vain  {U}  9      crashed (-1)  -",
        "mysql3  unknown        can't be read: can't be reached",
    ]
    running: dict[str, Node] = {"mysql1": GALERA}
    assert table(
        seen(Unknown("its server runs"), EMPTY, replace(CLEAN, filed_uuid=None), nodes=running)
    ).splitlines() == [
        f"host    server  uuid{' ' * 32}  seqno  state file  safe_to_bootstrap",
        "mysql1  runs    can't be read: its server runs",
        f"mysql2  down    no data{' ' * 29}  -1     none        -",
        f"mysql3  down    {U}  9      none        0",
    ]
    # What can't be read is as long as it is, and its place is kept all the same.
    away = Unknown("can't be reached, for a reason that takes more columns than a uuid has")
    assert table(seen(CLEAN, CLEAN, CLEAN, nodes={"mysql3": away})).splitlines() == [
        f"host    server   uuid{' ' * 32}  seqno  state file  safe_to_bootstrap",
        f"mysql1  down     {U}  9      agrees      0",
        f"mysql2  down     {U}  9      agrees      0",
        f"mysql3  unknown  can't be read: {away.reason}",
    ]
    new = replace(CLEAN, seqno=0, filed_seqno=0)
    assert "0      agrees      0" in table(seen(new, new, new))
    empty = replace(EMPTY, filed_uuid="", safe_to_bootstrap=True)
    assert "no data  -1     agrees      1" in table(seen(empty, empty, empty))


# -- who is what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("active", "running", "so"),
    [
        ("active", False, True),
        ("reloading", False, True),
        ("deactivating", False, True),
        ("inactive", False, False),
        ("failed", False, False),
        ("activating", False, False),
        ("inactive", True, True),
    ],
)
def test_a_server_may_run_by_its_unit_or_by_itself(active: str, running: bool, so: bool) -> None:
    node = replace(DOWN, running=running, service=unit("mariadb.service", active))
    assert may_run(node) is so
    reason = forbidden(seen(CLEAN, CLEAN, CLEAN, nodes={"mysql2": node}), {})
    assert (reason is not None and reason.startswith("mysql2 is not down: ")) is so


def test_who_is_primary_synced_and_tries() -> None:
    assert is_primary(GALERA) and not is_primary(replace(GALERA, running=False)) and not is_primary(GONE)
    assert not is_primary(replace(GALERA, cluster_status="non-Primary"))
    assert is_synced(GALERA)
    for change in ({"ready": False}, {"state": "Joined"}, {"cluster_status": "non-Primary"}, {"running": False}):
        assert not is_synced(replace(GALERA, **change))
    assert retries(TRIES) and not retries(DOWN) and not retries(GONE) and not retries(replace(DOWN, service=None))
    assert not may_run(replace(DOWN, service=None)) and may_run(Unknown("x", alive=True)) and not may_run(GONE)
    assert members(SPEC) == frozenset(NAMES)
    assert members(replace(SPEC, galera=replace(SPEC.galera, arbitrator="net01"))) == frozenset((*NAMES, "net01"))


# -- bootstrap and join ----------------------------------------------------------------------------------------------


def test_nothing_is_bootstrapped_beside_an_active_unit() -> None:
    active = replace(FRESH, service=unit("mariadb.service"))
    assert "no node is in a Primary component, but not all are down" in (
        may_bootstrap(three(FRESH, FRESH, active), {}, "mysql1") or ""
    )
    assert may_bootstrap(three(FRESH, FRESH, replace(active, standalone=True, running=True)), {}, "mysql1") is None
    assert "mysql3: active is" not in (may_bootstrap(three(FRESH, FRESH, FRESH), {"mysql1": ("a",)}, "mysql1") or "")
    assert "mysql3 can't" in (may_bootstrap(three(FRESH, FRESH, GONE), {}, "mysql1") or "")


def test_a_joiner_is_down_and_one_at_a_time_and_has_nothing_that_the_cluster_has_not() -> None:
    two = replace(GALERA, uuid=U, seqno=9)
    assert may_join(three(two, two, DOWN), {}, "mysql3") is None
    assert "its unit is active" in (may_join(three(two, two, replace(DOWN, service=unit("x"))), {}, "mysql3") or "")
    # A seqno without a uuid is of no data.
    assert may_join(three(two, two, replace(DOWN, uuid="", seqno=10)), {}, "mysql3") is None
    # Ahead of one of them is not ahead of all.
    assert may_join(three(replace(two, seqno=3), two, DOWN), {}, "mysql3") is None
    ahead = may_join(three(two, two, replace(DOWN, seqno=10)), {}, "mysql3") or ""
    assert "seqno 10" in ahead and "`hatui recover galera --force-from mysql1`" in ahead
    alone = replace(DOWN, running=True, standalone=True, seqno=10)
    assert may_join(three(two, two, alone), {}, "mysql3") is None
    assert may_join(three(two, two, replace(alone, service=unit("mariadb.service"))), {}, "mysql3") is None
    assert "another cluster" in (may_join(three(two, two, replace(DOWN, uuid=V)), {}, "mysql3") or "")
    assert may_join(three(two, two, replace(DOWN, uuid="")), {"mysql1": ("a",)}, "mysql3") is None
    # A state file that a full disk has emptied: whose the data are, its tablespace says.
    nameless, databases = replace(DOWN, uuid="", seqno=-1), {"mysql3": ("a",)}
    assert "holds databases (a)" in (may_join(three(two, two, nameless), databases, "mysql3") or "")
    for position, words in (
        (GaleraPosition(U, 8, None, -1), None),
        (GaleraPosition(U, 10, None, -1), "the running cluster has not (seqno 10"),
        (GaleraPosition(V, 8, None, -1), "another cluster"),
        (GaleraPosition("", -1, None, -1), "holds databases (a)"),
        (Unknown("is too slow"), "can't be asked: is too slow"),
    ):
        found = may_join(three(two, two, nameless), databases, "mysql3", position)
        assert (found is None) if words is None else (found is not None and words in found), (position, found)
    assert "mysql2 is receiving" in (may_join(three(two, replace(two, state="Joined"), DOWN), {}, "mysql3") or "")
    # Of itself it is no reason.
    assert (
        may_join(three(two, two, replace(DOWN, running=True, standalone=True, state="Joining")), {}, "mysql3") is None
    )


def test_who_sends_or_receives_a_state() -> None:
    donor = replace(GALERA, state="Donor/Desynced")
    assert transferring(three(donor, GALERA, GALERA)) == "mysql1 sends its state (Donor)"
    assert transferring(three(replace(donor, desynced=True), GALERA, GALERA)) is None
    assert transferring(three(replace(donor, running=False), GONE, GALERA)) is None
    assert transferring(three(donor, GALERA, GALERA), besides="mysql1") is None
    assert transferring(three(GALERA, replace(GALERA, state="Joining"), donor)) == (
        "mysql2 is receiving its state (Joining)"
    )


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (replace(GALERA, cluster_status=""), "m is not in the Primary component (no component)"),
        (replace(GALERA, state=""), "m is in no state, not Synced"),
        (replace(GALERA, answers=False, state="", turns_away="no free connection"), "m turns clients away: no free"),
        (replace(GALERA, untold=("read_only",)), "m does not tell read_only"),
    ],
)
def test_what_a_cluster_that_is_not_whole_lacks(node: GaleraNode, text: str) -> None:
    assert (incomplete({"m": node}, 3) or "").startswith(text)


def test_whole_is_one_uuid_and_one_configuration() -> None:
    assert incomplete(three(GALERA, GALERA, GALERA), 3) is None
    assert "mysql3 3" in (incomplete(three(GALERA, GALERA, replace(GALERA, uuid="v")), 3) or "")


def test_the_writer_is_told_with_the_reason_against_it() -> None:
    good = {"haproxy1": proxy()}
    assert may_write({"mysql1": GALERA}, good, "mysql1") is None
    assert may_write({}, good, "mysql1") == "mysql1 is no database node"
    assert may_write({"mysql1": replace(GALERA, recv_queue=10)}, good, "mysql1") is None
    assert "11 write sets" in (may_write({"mysql1": replace(GALERA, recv_queue=11)}, good, "mysql1") or "")
    assert "read_only" in (may_write({"mysql1": replace(GALERA, untold=("read_only",))}, good, "mysql1") or "")
    assert "does not answer" in (
        may_write({"mysql1": GALERA}, {"haproxy1": replace(proxy(), servers=())}, "mysql1") or ""
    )
    assert may_drain({"haproxy1": replace(proxy(), servers=())}, "mysql1") == (
        "mysql1 is not drained: haproxy1 has no other database node that is UP (there is none)."
    )


# -- recovery --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (replace(GALERA, cluster_status="", service=unit("x", "deactivating")), "is being stopped. Run this again"),
        (replace(GALERA, cluster_status="", answers=False), "runs and does not answer"),
        (replace(GALERA, cluster_status="", answers=False, service=None), "runs and does not answer"),
        (replace(GALERA, cluster_status="", answers=False, turns_away="full"), "turns clients away: full"),
        (replace(GALERA, cluster_status=""), "outside of a Primary component (no component)"),
        (replace(GALERA, cluster_status="non-Primary"), "outside of a Primary component (non-Primary)"),
        (replace(DOWN, service=unit("x")), "its unit is active. `systemctl stop mariadb` on mysql2 first"),
        (replace(DOWN, service=unit("x", "reloading")), "its unit is reloading. `systemctl stop mariadb` on mysql2"),
        (
            Unknown("its unit is active, and it can't be asked.", alive=True),
            "it can't be asked. Nothing is bootstrapped",
        ),
    ],
)
def test_what_is_not_down_is_told_with_what_to_do(node: Node, words: str) -> None:
    reason = forbidden(seen(CLEAN, CLEAN, CLEAN, nodes={"mysql2": node}), {})
    assert reason is not None and reason.startswith("mysql2 is not down: ") and words in reason


def test_a_server_that_was_started_since_forbids_it_too() -> None:
    reason = forbidden(seen(CLEAN, Unknown("its server runs", alive=True), CLEAN), {})
    assert reason == "mysql2 is not down: its server runs. Nothing is bootstrapped beside it."
    assert forbidden(seen(CLEAN, GONE, CLEAN, nodes={"mysql2": GONE}), {}) is None
    assert forbidden(seen(CLEAN, CLEAN, CLEAN), {"haproxy1": proxy(), "haproxy2": GONE}) is None
    # The word of a balancer counts for the database alone, and for the host that can't be read.
    reason = forbidden(seen(CLEAN, GONE, CLEAN, nodes={"mysql2": GONE}), {"haproxy1": proxy()})
    assert reason is not None and "haproxy1 finds it UP" in reason
    down = {"haproxy1": proxy(status={"mysql2": "DOWN"})}
    assert forbidden(seen(CLEAN, GONE, CLEAN, nodes={"mysql2": GONE}), down) is None
    queue = {"haproxy1": replace(down["haproxy1"], servers=tuple(
        replace(one, name="mysql2") for one in proxy().servers if one.backend == "rabbitmq"
    ))}  # fmt: skip
    assert forbidden(seen(CLEAN, GONE, CLEAN, nodes={"mysql2": GONE}), queue) is None


def test_no_server_is_made_primary_beside_one_that_runs_unasked() -> None:
    alone = replace(GALERA, cluster_status="non-Primary", ready=False, state="Initialized")
    assert may_be_made_primary(three(alone, GONE, GONE), {}, "mysql1") is None
    reason = may_be_made_primary(three(alone, Unknown("its unit is active.", alive=True), GONE), {}, "mysql1")
    assert reason == "mysql2 is not down, though it can't be asked: its unit is active"
    # One that runs is not down, whether or not its unit is known; one that is started again and again is.
    silent = replace(GALERA, cluster_status="", service=None)
    reason = may_be_made_primary(three(alone, silent, GONE), {}, "mysql1")
    assert reason == "mysql2 runs its server, and does not say in which component: find out, or stop it"
    assert may_be_made_primary(three(alone, replace(silent, service=TRIES.service), GONE), {}, "mysql1") is None
    # A cluster in which nothing was written yet is at 0.
    assert may_be_made_primary(three(replace(alone, seqno=0), GONE, GONE), {}, "mysql1") is None
    reason = may_be_made_primary(three(replace(alone, seqno=-1), GONE, GONE), {}, "mysql1")
    assert reason == "mysql1 does not say how far its data go"


def test_who_is_level_at_the_top() -> None:
    assert level(seen(EMPTY, GONE, EMPTY)) == ()
    assert level(seen(CLEAN, replace(CLEAN, seqno=8), GONE)) == ("mysql1",)
    zero = replace(CLEAN, seqno=0, filed_seqno=0)
    assert level(seen(zero, EMPTY, replace(zero, safe_to_bootstrap=True))) == ("mysql3", "mysql1")


def test_what_a_state_file_contradicts_is_told_whole() -> None:
    assert list(doubts(seen(CLEAN, replace(CLEAN, uuid="", seqno=-1), EMPTY))) == [
        f"mysql2: its state file names {U}, and its tablespace is at no uuid:-1"
    ]
    assert list(doubts(seen(replace(CLEAN, filed_seqno=0), CLEAN, EMPTY))) == [
        f"mysql1: its state file says seqno 0, and its tablespace is at {U}:9"
    ]
    assert list(doubts(seen(replace(CLEAN, filed_seqno=-1), CLEAN, EMPTY))) == []


def test_data_are_alike_only_if_both_were_compared() -> None:
    sums = {"a.t": "1"}
    for one, other in ((None, sums), (sums, None), (GONE, sums), (sums, GONE)):
        given: dict[str, Any] = {
            name: value for name, value in (("mysql1", one), ("mysql2", other)) if value is not None
        }
        both = seen(CLEAN, CLEAN, EMPTY, **given)
        assert differing(both, "mysql1", "mysql2") == []
        assert replaced(both, "mysql1") == ["mysql2"]
        assert list(lost(both, "mysql1")) == [
            "what mysql2 may have of its own: its data are replaced by those of mysql1"
        ]
    alike = seen(CLEAN, CLEAN, EMPTY, mysql1=sums, mysql2=sums)
    assert replaced(alike, "mysql1") == [] and list(lost(alike, "mysql1")) == []
    # What can't be read is told with its own reason, the server's first.
    away = seen(CLEAN, Unknown("no tablespace"), Unknown("no answer"), nodes={"mysql3": GONE})
    assert [one.rpartition("read ")[2] for one in lost(away, "mysql1")] == ["(no tablespace)", "(can't be reached)"]
    # Of another cluster, whatever its seqno.
    foreign = replace(CLEAN, uuid=V, filed_uuid=V, seqno=3, filed_seqno=3)
    assert replaced(seen(CLEAN, foreign, EMPTY), "mysql1") == ["mysql2"]
    # Behind, it gets what it lacks.
    assert replaced(seen(CLEAN, replace(CLEAN, seqno=8, filed_seqno=8), EMPTY), "mysql1") == []


def test_why_is_told_by_what_was_compared() -> None:
    sums = {"a.t": "1"}
    assert "are compared before any is taken" in why(seen(CLEAN, CLEAN, EMPTY))
    assert "are compared before any is taken" in why(seen(CLEAN, CLEAN, EMPTY, mysql1=GONE, mysql2=sums))
    assert "their 1 tables are alike; mysql1 is taken" in why(seen(CLEAN, CLEAN, EMPTY, mysql1=sums))


def test_many_tables_are_counted() -> None:
    mine, theirs = {f"a.t{n}": "1" for n in range(6)}, {f"a.t{n}": "2" for n in range(6)}
    assert "a.t0, a.t1, a.t2, a.t3, a.t4 and 1 more tables" in next(
        iter(doubts(seen(CLEAN, CLEAN, EMPTY, mysql1=mine, mysql2=theirs)))
    )
    del mine["a.t5"], theirs["a.t5"]
    assert next(iter(doubts(seen(CLEAN, CLEAN, EMPTY, mysql1=mine, mysql2=theirs)))).endswith("a.t4")


def test_evidence_moves_by_uuid_or_seqno_alone() -> None:
    before = seen(CLEAN, CLEAN, GONE)
    assert moved(before, before) is None
    assert "mysql2 was at" in (moved(before, seen(CLEAN, replace(CLEAN, uuid=V), GONE)) or "")
    assert "mysql2 was at" in (moved(before, seen(CLEAN, replace(CLEAN, seqno=8), GONE)) or "")
    assert "mysql3 can be read now: look again" in (moved(before, seen(CLEAN, CLEAN, EMPTY)) or "")
    assert "mysql2 can no longer be read: look again" in (moved(before, seen(CLEAN, GONE, GONE)) or "")
    tries = seen(CLEAN, CLEAN, CLEAN, nodes=dict.fromkeys(NAMES, TRIES))
    assert moved(tries, tries) is None


def test_an_arbitrator_is_in_one_component_at_most() -> None:
    alone = [replace(GALERA, size=1, conf_id=4) for _ in range(3)]
    with_it = [replace(GALERA, size=2, conf_id=conf_id) for conf_id in (5, 6)]
    nodes = {f"db{number}": node for number, node in enumerate([*alone, *with_it], 1)}
    assert components(nodes, arbitrator=True) == "4 Primary components: 1 (db1, db2, db3) + 2 (db4) + 2 (db5)"
    assert components({name: nodes[name] for name in ("db4", "db5")}, arbitrator=True) is None
    assert components({name: nodes[name] for name in ("db1", "db4")}, arbitrator=True) == (
        "two Primary components: 1 (db1) + 2 (db4)"
    )
    # Without one, a host that says that it is one of two may have seen the other go.
    assert components({name: nodes[name] for name in ("db1", "db4")}) is None
