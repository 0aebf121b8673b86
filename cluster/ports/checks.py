"""What must hold of the inventory's section `ports`; a sentence for each thing that does not."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from cluster.ports.settings import ports_of
from cluster.reading import Mistake, foreign, shown
from cluster.spec import Cluster


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """Who else may speak to the cluster's own ports."""
    for word in ports_of(cluster).let_in:
        try:
            IPv4Network(word)
        except ValueError:
            yield Mistake(
                "ports.also",
                f"has {shown(word)}: it must be IPv4 addresses and networks with commas between them, such as "
                "'192.0.2.7, 198.51.100.0/24'.",
                foreign(word),
            )
