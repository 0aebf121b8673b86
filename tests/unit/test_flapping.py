"""An owner that moves again and again is a warning, told once; one that somebody moves by a run is not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from cluster.haproxy.record import HAPROXY_STAT
from cluster.health.verdict import Verdict
from cluster.keepalived.record import VRRP_OWNER
from cluster.locked import CLUSTER_LOCK, Held, LockNode
from cluster.pacemaker.record import CRM_MON
from cluster.state import ClusterState, Unknown
from engine.observe.diff import events
from engine.observe.flapping import MOVES, WITHIN, Flapping
from engine.seen import Seen
from tests.unit.test_health import CRM, HEALTHY, SPEC, VIP, proxy

THERE = HEALTHY
MOVED = HEALTHY.having(
    {VRRP_OWNER: {"haproxy1": HEALTHY[VRRP_OWNER]["haproxy2"], "haproxy2": HEALTHY[VRRP_OWNER]["haproxy1"]}}
)
NOWHERE = HEALTHY.having({VRRP_OWNER: dict.fromkeys(HEALTHY[VRRP_OWNER], Unknown("is silent"))})
OTHER = replace(CRM, resources=(replace(CRM.resources[0], nodes=("cc02",)), *CRM.resources[1:]))
WRITTEN = HEALTHY.having({HAPROXY_STAT: dict.fromkeys(HEALTHY[HAPROXY_STAT], proxy("mysql2"))})
KINDS = {
    "keepalived": (MOVED, f"the owner of {VIP}", "haproxy2"),
    "haproxy": (WRITTEN, "the writer", "mysql2"),
    "pacemaker": (HEALTHY.having({CRM_MON: dict.fromkeys(HEALTHY[CRM_MON], OTHER)}), "the resource vip", "cc02"),
}


def seen(states: list[ClusterState], every: float = 20) -> list[Seen]:
    flapping = Flapping(SPEC)
    return [flapping.judge(Seen.of(SPEC, state), every * n) for n, state in enumerate(states)]


def said(view: Seen, layer: str) -> tuple[Verdict, str]:
    return next((one.verdict, one.reason) for one in view.layers if one.layer == layer)


@pytest.mark.parametrize("layer", KINDS)
def test_what_moves_four_times_in_five_minutes_is_flapping(layer: str) -> None:
    there, name, host = KINDS[layer]
    views = seen([there, THERE, there, THERE, there])
    assert [bool(view.flapping) for view in views] == [False] * MOVES + [True]
    verdict, reason = said(views[-1], layer)
    assert verdict is Verdict.WARN
    assert f"flapping: {name} moved 4 times in 60 s, and is {host} now" in reason
    assert "flapping" not in said(views[-2], layer)[1]
    texts = [[event.text for event in events(*pair, 17.0)] for pair in pairwise(views)]
    assert [len([text for text in one if "flapping" in text]) for one in texts] == [0, 0, 0, 1]


def test_it_is_told_once_and_so_is_its_end() -> None:
    states = [THERE, MOVED, THERE, MOVED, THERE, MOVED] + [MOVED] * int(WITHIN / 20 + 1)
    views = seen(states)
    texts = [event.text for pair in pairwise(views) for event in events(*pair, 17.0)]
    assert [text for text in texts if not text.startswith(f"the owner of {VIP} was")] == [
        f"was OK, and is WARN: flapping: the owner of {VIP} moved 4 times in 60 s, and is haproxy1 now",
        f"was WARN, and is OK: {VIP} is on haproxy2",
        f"the owner of {VIP} stays where it is again",
    ]


def test_in_a_layer_that_is_not_well_anyway_it_is_an_event_of_its_own() -> None:
    away = Unknown("is silent")
    views = seen(
        [
            one.having({HAPROXY_STAT: {**one[HAPROXY_STAT], "haproxy2": away}})
            for one in [WRITTEN, *[THERE, WRITTEN] * 2]
        ]
    )
    texts = [event.text for event in events(views[-2], views[-1], 17.0)]
    assert texts == ["the writer was mysql1, and is mysql2", "the writer is flapping"]


def test_what_is_away_for_a_moment_and_comes_back_has_not_moved() -> None:
    assert not any(view.flapping for view in seen([THERE, NOWHERE] * 6))
    # On its way from one to the other it is one move.
    views = seen([THERE, NOWHERE, MOVED, NOWHERE, THERE, NOWHERE, MOVED, NOWHERE, THERE])
    assert [bool(view.flapping) for view in views] == [False] * 8 + [True]


def test_slow_moves_and_those_of_a_run_are_none() -> None:
    assert not any(view.flapping for view in seen([THERE, MOVED] * 5, every=WITHIN * 0.6))
    locked = dict.fromkeys(SPEC.hosts, LockNode(True, "r1", "alice", 1.0, "maintenance"))
    views = seen([state.having({CLUSTER_LOCK: locked}) for state in [THERE, MOVED] * 5])
    assert not any(view.flapping for view in views)
    assert isinstance(views[0].lock, Held) and views[0].lock.held
