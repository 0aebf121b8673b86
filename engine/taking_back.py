"""A stage of a rollout taken back: the former files on its host again, and its service running with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cluster.layers import BY_NAME
from cluster.spec import Cluster
from engine.handling import handling
from engine.planning import Stage
from facts.base import FileState, FileStates
from operations.files import put_back
from operations.hosts import look
from operations.steps import Refused, Unseen

Files = Mapping[str, Mapping[str, FileState]]
"""Each host of a stage, to its files by their paths."""


def can_be(stage: Stage) -> bool:
    """Whether the stage can be taken back: it is one host's, of a service that its own files make, or Corosync's.

    What is changed in Pacemaker itself can't be: such a stage stays.
    """
    if BY_NAME[stage.layer].together:
        return bool(stage.changes) and all(change.path for change in stage.changes)
    return _way(stage) is not None and len(stage.hosts) == 1 and bool(_paths(stage))


def remembered(stage: Stage) -> Files:
    """The files of the stage as they are before it."""
    return {name: look(name, FileStates, paths=_paths(stage)) for name in stage.hosts}


def take_back(cluster: Cluster, stage: Stage, before: Files | None) -> None:
    """Put the files back that the stage has changed, and let the service run with them. Refused where it does not."""
    if before is None:
        # It had not begun to change anything.
        return
    failed: dict[str, Refused] = {}
    for name in stage.hosts:
        try:
            put_back(name, before[name], _paths(stage))
        except Refused as refusal:
            # The others have theirs back all the same.
            failed[name] = refusal
    if failed:
        back = ", ".join(name for name in stage.hosts if name not in failed)
        said = "; ".join(map(str, failed.values())) + (f". The former files are back on {back}" if back else "")
        raise (Unseen if any(isinstance(one, Unseen) for one in failed.values()) else Refused)(said)
    try:
        if way := _way(stage):
            way(cluster, stage.hosts)
    except Refused as refusal:
        raise Refused(f"the former files are back on {', '.join(stage.hosts)}, but {refusal}") from refusal


def _paths(stage: Stage) -> list[str]:
    return [change.path for change in stage.changes if change.path]


def _way(stage: Stage) -> Callable[[Cluster, Sequence[str]], None] | None:
    return handling(BY_NAME[stage.layer]).taken_back
