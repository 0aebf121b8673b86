"""A stage of a rollout taken back: the former files on its host again, and its service running with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster.spec import Cluster, Role
from engine.planning import Stage
from facts.base import FileState, FileStates
from operations import brokers, galera_nodes, haproxy, keepalived
from operations.files import put_back
from operations.hosts import look
from operations.steps import Refused


def _galera(cluster: Cluster, name: str) -> None:
    hosts = {host: cluster.address(host) for host in cluster.names(Role.GALERA)}
    balancers = cluster.names(Role.HAPROXY)
    galera_nodes.brought_back(hosts, cluster.galera.arbitrator, balancers, cluster.keepalived.vip, name)


def _rabbitmq(cluster: Cluster, name: str) -> None:
    hosts = {host: cluster.address(host) for host in cluster.names(Role.CONTROLLER)}
    brokers.brought_back(hosts, cluster.names(Role.HAPROXY), name)


def _haproxy(cluster: Cluster, name: str) -> None:
    haproxy.brought_back(cluster.names(Role.HAPROXY), name)


def _keepalived(cluster: Cluster, name: str) -> None:
    keepalived.brought_back(cluster.names(Role.HAPROXY), cluster.keepalived.vip, name)


_LAYERS: Mapping[str, Callable[[Cluster, str], None]] = {
    "galera": _galera,
    "rabbitmq": _rabbitmq,
    "haproxy": _haproxy,
    "keepalived": _keepalived,
}
"""The layers whose service runs with the files of its own host alone: how it takes the former ones up again."""

Files = Mapping[str, FileState]


def can_be(stage: Stage) -> bool:
    """Whether the stage can be taken back: it is one host's, of a service that its own files make."""
    return stage.layer in _LAYERS and len(stage.hosts) == 1 and bool(_paths(stage))


def remembered(stage: Stage) -> Files:
    """The files of the stage as they are before it."""
    found: Files = look(stage.hosts[0], FileStates, paths=_paths(stage))
    return found


def take_back(cluster: Cluster, stage: Stage, before: Files | None) -> None:
    """Put the files back that the stage has changed, and let the service run with them. Refused where it does not."""
    if before is None:
        # It had not begun to change anything.
        return
    name = stage.hosts[0]
    put_back(name, before, _paths(stage))
    try:
        _LAYERS[stage.layer](cluster, name)
    except Refused as refusal:
        raise Refused(f"the former files are back on {name}, but {refusal}") from refusal


def _paths(stage: Stage) -> list[str]:
    return [change.path for change in stage.changes if change.path]
