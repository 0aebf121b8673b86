"""The line with which a deploy's own process is begun, on its stdin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.spec import Cluster


@dataclass(frozen=True, slots=True)
class Asked:
    """The cluster as its spec was checked when the run was planned, and what its secrets' commands printed."""

    cluster: Cluster
    printed: Mapping[str, str] = field(repr=False)
    """A command of the inventory's `secrets` to what it printed."""
