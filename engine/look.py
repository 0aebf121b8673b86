"""One look at the whole cluster: every host is asked once, side by side, all that its role can tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster.health import LayerHealth, Verdict, assess, overall
from cluster.spec import Cluster, Role
from cluster.state import ClusterState, HostAnswer, Unknown
from engine.ssh import Answer, Conversation

if TYPE_CHECKING:
    from pyinfra.api.facts import FactBase

WITHIN = 4.0
"""Seconds after which a host that has not said all it was asked is not waited for."""

LAYERS: Mapping[Role, tuple[str, ...]] = {
    Role.HAPROXY: ("vrrp", "haproxy"),
    Role.GALERA: ("galera",),
    Role.CONTROLLER: ("controller_vip", "corosync", "rabbitmq", "pacemaker"),
    Role.NETWORK: (),
}
"""What a host of each role is asked: the names of `ClusterState`'s fields, the quick ones first."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was so at `at` (seconds since the epoch, this machine's clock), and what is to be said of it."""

    cluster: str
    at: float
    took: float
    """Seconds."""
    verdict: Verdict
    layers: tuple[LayerHealth, ...]
    state: ClusterState


def facts() -> dict[str, FactBase[Any]]:
    """The fact of each field of ClusterState. Imported late: pyinfra takes a third of a second to import."""
    from facts.corosync import CorosyncQuorum
    from facts.galera import WsrepStatus
    from facts.haproxy import HaproxyStat
    from facts.pacemaker import CrmMon
    from facts.rabbitmq import RabbitCluster
    from facts.vrrp import VrrpOwner

    return {
        "vrrp": VrrpOwner(),
        "controller_vip": VrrpOwner(),
        "haproxy": HaproxyStat(),
        "galera": WsrepStatus(),
        "rabbitmq": RabbitCluster(),
        "corosync": CorosyncQuorum(),
        "pacemaker": CrmMon(),
    }


async def look(cluster: Cluster) -> Snapshot:
    """Ask every host now."""
    at, begun = time.time(), time.monotonic()
    # The connections are being made by processes of their own while this one imports the facts.
    conversations = {name: Conversation(cluster, name) for name in cluster.hosts}
    await asyncio.sleep(0)
    known = facts()
    answers = await asyncio.gather(
        *(
            conversation.ask(
                {layer: str(known[layer].command()) for layer in LAYERS[cluster.hosts[name].role]}, until=WITHIN
            )
            for name, conversation in conversations.items()
        )
    )
    state = read(cluster, known, dict(zip(conversations, answers, strict=True)))
    layers = assess(cluster, state)
    return Snapshot(cluster.name, at, time.monotonic() - begun, overall(layers), layers, state)


def read(cluster: Cluster, known: Mapping[str, FactBase[Any]], answers: Mapping[str, Answer]) -> ClusterState:
    """The answers as records. What is missing is `Unknown` with the host's reason."""
    fields: dict[str, dict[str, Any]] = {field: {} for field in ("hosts", *known)}
    for name, answer in answers.items():
        reason = answer.reason
        fields["hosts"][name] = HostAnswer(answer.took) if reason is None else Unknown(reason)
        for layer in LAYERS[cluster.hosts[name].role]:
            said = answer.sections.get(layer)
            if said is None:
                fields[layer][name] = Unknown(reason or "did not say")
            else:
                fields[layer][name] = known[layer].process(said.splitlines())
    return ClusterState(**fields)
