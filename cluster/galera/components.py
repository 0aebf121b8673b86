"""Galera split in two: told from what the members say of their component, so that no mere change is taken for it."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.galera.gates import is_primary, is_synced
from cluster.galera.record import GaleraNode
from cluster.state import Unknown

_COUNT = {2: "two", 3: "three"}


def components(nodes: Mapping[str, GaleraNode | Unknown], *, arbitrator: bool = False) -> str | None:
    """Why there is more than one Primary component, as a clause; None if that is not proved.

    Members of one component that are asked at different moments may tell different sizes while a member comes or goes.
    So a component is counted only if as many hosts agree on its configuration as it has members; an arbitrator, which
    can't be asked, is a member of one of them at most. And one configuration has one size: two sizes of it are two
    components, if there are hosts enough.
    """
    found: dict[tuple[int, int], list[str]] = {}
    for name, node in nodes.items():
        if isinstance(node, GaleraNode) and is_primary(node) and node.size > 0:
            found.setdefault((node.conf_id, node.size), []).append(name)
    # Those that are as large as they say; of a size that more hosts tell than it has members there are several.
    whole = [(size, names) for (_, size), names in found.items() if len(names) >= size]
    proved = sum(-(-len(names) // size) for size, names in whole)
    voting = [
        (size, names)
        for (_, size), names in found.items()
        if arbitrator and len(names) + 1 == size and all(is_synced(nodes[name]) for name in names)
    ]
    ids = [conf_id for conf_id, _ in found if conf_id >= 0]
    # Sizes that are more than all there are can't be of components that stand side by side.
    room = sum(size for _, size in found) <= len(nodes) + arbitrator
    if proved + min(1, len(voting)) < 2 and not (room and len(set(ids)) < len(ids)):
        return None
    shown = " + ".join(f"{size} ({', '.join(names)})" for (_, size), names in found.items())
    count = max(proved + min(1, len(voting)), len(found))
    return f"{_COUNT.get(count, str(count))} Primary components: {shown}"
