"""What must hold of the inventory's section `rabbitmq`."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.checking import between, choice
from cluster.reading import Mistake
from cluster.releases import MIRRORED_QUEUES, RELEASES
from cluster.spec import Cluster


def checks(cluster: Cluster) -> Iterator[Mistake]:
    """The brokers."""
    spec = cluster.rabbitmq
    # RabbitMQ, "Net Tick Time": below 5 s it takes a busy node for a lost one.
    yield from between("rabbitmq.net_ticktime", spec.net_ticktime, 5, 120, " seconds")
    if spec.partition_handling == "ignore":
        yield Mistake(
            "rabbitmq.partition_handling",
            "is 'ignore': both sides of a split would go on and part for ever; it must be pause_minority or autoheal.",
        )
    else:
        yield from choice("rabbitmq.partition_handling", spec.partition_handling, ("pause_minority", "autoheal"))
    if spec.queue_type == "mirrored" and cluster.release in RELEASES and cluster.release not in MIRRORED_QUEUES:
        yield Mistake(
            "rabbitmq.queue_type",
            f"is 'mirrored': {RELEASES[cluster.release]} has RabbitMQ 4, which removed "
            "mirrored queues; it must be quorum.",
        )
    else:
        yield from choice("rabbitmq.queue_type", spec.queue_type, ("quorum", "mirrored"))
    yield from choice("rabbitmq.clients", spec.clients, ("brokers", "vip"))
