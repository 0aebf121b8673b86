"""The cluster's lock, which whoever changes something holds on most hosts."""

from __future__ import annotations

from typing import Any

from cluster.layer import Claim, Layer
from cluster.locked import CLUSTER_LOCK, LockNode
from cluster.spec import Cluster, Role


def _holder(_: Cluster, __: str, record: Any) -> Claim | None:
    held = isinstance(record, LockNode) and record.run
    return Claim(record.run, f"{record.who} holds the cluster's lock (run {record.run})") if held else None


LOCK = Layer(
    name="lock",
    roles=tuple(Role),
    facts=(CLUSTER_LOCK,),
    told_alone=True,
    claims={CLUSTER_LOCK.name: _holder},
    deployed=False,
)
