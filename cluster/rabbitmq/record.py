"""What is seen of a broker, and of the queues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.state import Fact, Record, ServiceState


@dataclass(frozen=True, slots=True)
class BrokerQueue(Record):
    """A queue, as the management API tells of it (`/api/queues`)."""

    vhost: str
    name: str
    kind: str
    """quorum, classic or stream."""
    leader: str
    """The Erlang node that leads it; of a classic queue, the one that it is on."""
    online: tuple[str, ...]
    """Its members that are there; empty for a classic queue."""
    messages: int
    consumers: int
    members: tuple[str, ...] = ()
    """All its members, there or not; empty where that was not told."""
    state: str = ""
    """running, idle, down, stopped, crashed, minority, …; empty where that was not told."""


QUEUES_UNTOLD = "its queues"
"""In a broker's `untold`: it gave a list of queues that can't be read."""


@dataclass(frozen=True, slots=True)
class BrokerNode(Record):
    """RabbitMQ on one controller, from its management API on loopback (`/api/nodes`, `/api/overview`).

    While another member is frozen and not yet given up (the tick time), the API tells only of this broker:
    `members` and `running_members` are then those of its file.
    """

    name: str
    """The Erlang node, such as rabbit@cc01."""
    running: bool
    """The broker answers. One that is frozen, paused in a minority or still starting does not."""
    members: tuple[str, ...] = ()
    """Of a broker that does not run: those its files name; empty if it has no data."""
    running_members: tuple[str, ...] = ()
    """Of a broker that does not run: those that ran when it last knew."""
    partitions: tuple[str, ...] = ()
    """Nodes that this one sees as partitioned from it."""
    parted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The same of every member, as this one tells: only those that see any."""
    alarms: tuple[str, ...] = ()
    version: str = ""
    draining: bool = False
    """In maintenance by hand (rabbitmq-upgrade(8), `drain`): a member that takes no clients and leads no queue. Its API
    is silent then, so `running` is False."""
    queues: tuple[BrokerQueue, ...] = ()
    """At most 100, those with most messages first; none while there are more than 500 (facts/rabbitmq.py)."""
    queues_total: int = 0
    """How many there are in all; 0, too, where the broker could not say it in time."""
    untold: tuple[str, ...] = ()
    """What it should have said and did not, or not so that it can be read, in words."""
    service: ServiceState | None = None


RABBIT_CLUSTER = Fact("rabbitmq", BrokerNode, 15)
