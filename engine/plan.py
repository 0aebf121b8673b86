"""`python -m engine plan`: what a rollout would change, in which stages, and why it would be refused now."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence

from cluster.changes import Change
from cluster.exits import UNTOLD
from cluster.spec import Cluster
from cluster.steady import not_steady
from cluster.wire.lines import FIRST, line
from cluster.wire.rollout import Rollout, Stage
from engine.deploying import changes
from engine.look import ask_all
from engine.planning import stages
from operations.steps import Refused


def plan(cluster: Cluster, layers: Sequence[str]) -> int:
    """One message on stdout. 0 if it could be had, whatever it says; UNTOLD with a sentence on stderr if not."""
    found: list[Change] = []
    refusal: list[str] = []

    def ask() -> None:
        try:
            found.extend(changes(cluster, layers))
        except Refused as reason:
            refusal.append(str(reason))

    asking = threading.Thread(target=ask)
    asking.start()
    state = asyncio.run(ask_all(cluster))
    asking.join()
    if refusal:
        print(f"What would change can't be told. {refusal[0]}", file=sys.stderr)
        return UNTOLD
    told = [
        Stage(
            one.name,
            one.layer,
            one.hosts,
            tuple(change.what for change in one.changes),
            one.effects,
            one.why,
            one.canary,
        )
        for one in stages(cluster, state, found)
    ]
    rollout = Rollout(cluster.name, tuple(found), tuple(told), not_steady(cluster, state) or "")
    sys.stdout.buffer.write(FIRST + line(rollout))
    return 0
