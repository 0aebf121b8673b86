"""The database's nodes: emptied of their sessions before they are drained or restarted, the writer last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.galera.gates import incomplete, is_synced, may_write
from cluster.galera.names import GALERA_BACKEND
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.haproxy.gates import kept_away, kept_away_by_all, writers_of
from cluster.haproxy.record import HAPROXY_STAT, ProxyNode
from cluster.haproxy.writer import writers
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from operations import galera_nodes, servers, traffic, writer
from operations.steps import Step


def _there(state: ClusterState) -> bool:
    return any(isinstance(node, GaleraNode) and node.running for node in state[WSREP_STATUS].values())


def _here(view: View, host: str) -> str:
    return "is the writer" if host in writers(view.state[HAPROXY_STAT], view.state.hosts) else ""


def _gap(view: View, host: str) -> float:
    return writer.GAP if host in writers_of(view.state[HAPROXY_STAT]).values() else 0.0


def _answering(view: View) -> Mapping[str, ProxyNode]:
    return {name: node for name, node in view.state[HAPROXY_STAT].items() if isinstance(node, ProxyNode)}


def _drained(view: View, host: str) -> Planned:
    nodes, balancers = view.cluster.names(Role.GALERA), view.cluster.names(Role.HAPROXY)
    address, proxies = view.cluster.keepalived.vip, _answering(view)
    everywhere = len(proxies) == len(balancers)
    if everywhere and kept_away_by_all(proxies, GALERA_BACKEND, host):
        return Planned()
    if reason := traffic.may_leave(nodes, balancers, host):
        return Planned(refused=reason)
    if host not in writers_of(proxies).values():
        steps = galera_nodes.taken_out(nodes, balancers, address, host)
        return Planned(steps, expected="nothing: it is not the writer")
    heirs = [name for name in nodes if name != host and not _why_not_writer(view, name)]
    if not heirs:
        return Planned(
            refused=f"{host} is the writer, and no other node can be: `hatui switchover writer --to …` says why."
        )
    steps = galera_nodes.taken_out(nodes, balancers, address, host, heirs[0])
    return Planned(steps, expected=f"{heirs[0]} becomes the writer; open sessions are cut after 10 s")


def _why_not_writer(view: View, name: str) -> str | None:
    return may_write(view.state[WSREP_STATUS], view.state[HAPROXY_STAT], name)


def _carried(cluster: Cluster, host: str) -> str | None:
    return f"the writer is {host}" if host in traffic.writers(cluster.names(Role.HAPROXY)) else None


def _given_back(view: View, host: str) -> Planned:
    if host not in _taken_out(view.state):
        return Planned()
    if not is_synced(view.state[WSREP_STATUS][host]):
        why = f"{host} is not Synced yet (`hatui status`): wait, or deploy/galera.py brings it back."
        return Planned(refused=why)
    now = set(writers_of(view.state[HAPROXY_STAT]).values())
    return Planned([writer.standby(view.cluster.names(Role.HAPROXY), host, next(iter(now)) if len(now) == 1 else "")])


def _taken_out(state: ClusterState) -> set[str]:
    return kept_away(state[HAPROXY_STAT], GALERA_BACKEND)


def _returned(view: View, host: str) -> None:
    if host in _taken_out(view.state):
        servers.undrain(view.cluster.names(Role.HAPROXY), GALERA_BACKEND, host)


def _restarted(view: View, mending: bool) -> Planned:
    cluster = view.cluster
    hosts = {name: cluster.address(name) for name in cluster.names(Role.GALERA)}
    balancers, address = cluster.names(Role.HAPROXY), cluster.keepalived.vip
    size = len(hosts) + (cluster.galera.arbitrator is not None)
    if reason := incomplete(view.state[WSREP_STATUS], size):
        return Planned(refused=f"Nothing is restarted: {reason}.")
    now = sorted(set(writers_of(_answering(view)).values()))
    away = kept_away(_answering(view), GALERA_BACKEND)
    if away and not mending:
        why = f"{', '.join(sorted(away))} is drained (`hatui undrain` puts it back)"
        return Planned(refused=f"Nothing is restarted: {why}.")
    if len(now) > 1:
        why = f"The balancers do not agree on the writer ({', '.join(now)}): `hatui switchover writer` first."
        return Planned(refused=why)
    last = now[0] if now else ""
    order = [name for name in hosts if name != last]
    steps: list[Step] = []
    for name in order:
        steps += galera_nodes.restarted(hosts, size, balancers, address, name, last)
    if last:
        heir = next((name for name in order if not _why_not_writer(view, name) or mending), None)
        if heir is None:
            why = f"No other node than {last} can be the writer: `hatui switchover writer --to …` says why."
            return Planned(refused=why)
        steps += galera_nodes.restarted(hosts, size, balancers, address, last, last, heir)
    return Planned(steps)


def _taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
    nodes = {host: cluster.address(host) for host in cluster.names(Role.GALERA)}
    balancers, address = cluster.names(Role.HAPROXY), cluster.keepalived.vip
    for name in hosts:
        galera_nodes.brought_back(nodes, cluster.galera.arbitrator, balancers, address, name)


HANDLING = Handling(
    there=_there,
    here=_here,
    drained=_drained,
    gap=_gap,
    carried=_carried,
    given_back=_given_back,
    taken_out=_taken_out,
    returned=_returned,
    restart=Restart(_restarted, "open sessions are cut once, when the writer moves", writer.GAP),
    rolled_out="new database sessions: none fails; open ones on the writer are cut once, when it is drained",
    taken_back=_taken_back,
)
