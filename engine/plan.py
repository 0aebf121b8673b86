"""`python -m engine plan`: what a rollout would change, in which stages, and why it would be refused now."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence

import msgspec

from cluster.changes import Change
from cluster.exits import UNTOLD
from cluster.spec import Cluster
from cluster.steady import not_steady
from engine.deploying import changes
from engine.look import ask_all
from engine.planning import stages
from operations.steps import Refused


def plan(cluster: Cluster, layers: Sequence[str]) -> int:
    """One line of JSON on stdout. 0 if it could be had, whatever it says; UNTOLD with a sentence on stderr if not."""
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
    planned = {
        "cluster": cluster.name,
        "changes": [change.to_json() for change in found],
        "stages": [
            {**stage.to_json(), "changes": [change.what for change in stage.changes]}
            for stage in stages(cluster, state, found)
        ],
        "refused": not_steady(cluster, state) or "",
    }
    sys.stdout.buffer.write(msgspec.json.encode(planned) + b"\n")
    return 0
