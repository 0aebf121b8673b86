"""A part of a service of OpenStack that runs on one controller alone, however its API is kept available. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cluster.spec import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Lone:
    """By choice: where the inventory does not have it, hatui has nothing to do with it."""

    unit: str
    wanted: Callable[[Cluster], bool]
    packages: Callable[[Cluster], tuple[str, ...]]
    names: Callable[[Cluster], tuple[str, ...]]
    """Under which "hosts" it tells its service of itself: none of them is the name of a host."""

    @property
    def program(self) -> str:
        """Its name in its service's own records."""
        return self.unit.removesuffix(".service")
