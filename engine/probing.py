"""What clients feel while a run lasts."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.spec import Cluster


class Probing:
    def __init__(self, cluster: Cluster, services: Sequence[str]) -> None:
        pass

    def start(self) -> str | None:
        return "not there yet"

    def stop(self) -> dict[str, object]:
        return {}
