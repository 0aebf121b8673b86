"""The balancers' VIP: handed to another balancer before its owner is drained or restarted."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.record import HAPROXY_STAT
from cluster.keepalived.gates import may_own
from cluster.keepalived.record import VRRP_OWNER
from cluster.spec import Cluster, Role
from cluster.state import ClusterState
from cluster.vip import VipNode, owners
from engine.handling import Handling, Planned, Restart
from engine.runbook import View
from facts.keepalived import VrrpOwner
from operations import balancers as machines
from operations import keepalived, vip
from operations.hosts import look_all


def _owns(view: View, host: str) -> bool:
    return host in owners(view.state[VRRP_OWNER], view.cluster.keepalived.vip)


def _here(view: View, host: str) -> str:
    return "has the VIP" if _owns(view, host) else ""


def _gap(view: View, host: str) -> float:
    return vip.GAP if _owns(view, host) else 0.0


def _drained(view: View, host: str) -> Planned:
    balancers, address = view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip
    node, now = view.state[VRRP_OWNER][host], owners(view.state[VRRP_OWNER], address)
    if isinstance(node, VipNode) and node.away and host not in now:
        return Planned()
    heirs = [name for name in balancers if name != host]
    against = {name: _no_heir(view, name) for name in heirs}
    heir = next((name for name in heirs if not against[name]), None)
    if heir is None:
        reasons = "; ".join(reason for reason in against.values() if reason)
        return Planned(refused=f"No other balancer can own {address}: {reasons}.")
    if now == (host,):
        steps = vip.handover(balancers, address, host, heir)[:-1]
        return Planned(steps, expected="open connections through it are reset once")
    return Planned([vip.stays_away(balancers, address, host)], expected="nothing: it owns no VIP")


def _no_heir(view: View, name: str) -> str | None:
    node = view.state[VRRP_OWNER][name]
    if isinstance(node, VipNode) and node.away:
        return f"{name} is drained (`hatui undrain {name}` first)"
    return may_own(view.state[VRRP_OWNER], view.state[HAPROXY_STAT], name)


def _carried(cluster: Cluster, host: str) -> str | None:
    address = cluster.keepalived.vip
    now = owners(look_all(cluster.names(Role.HAPROXY), VrrpOwner), address)
    return f"{address} is on {host}" if host in now else None


def _given_back(view: View, host: str) -> Planned:
    node = view.state[VRRP_OWNER][host]
    if not isinstance(node, VipNode):
        return Planned(refused=f"{host} can't be asked: {node.reason}.")
    back = vip.returns(view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip, host) if node.away else ()
    return Planned(back)


def _taken_out(state: ClusterState) -> set[str]:
    return {name for name, node in state[VRRP_OWNER].items() if isinstance(node, VipNode) and node.away}


def restarting(layer: str) -> Restart:
    """How a unit of the balancers, haproxy or keepalived, is restarted: on the VIP's owner last, with the VIP away."""

    def planned(view: View, mending: bool) -> Planned:
        balancers, address = view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip
        now = owners(view.state[VRRP_OWNER], address)
        if len(now) != 1:
            where = ", ".join(now) or "nobody"
            return Planned(refused=f"{address} is on {where}: there is no one owner (`hatui status`).")
        if (away := _taken_out(view.state)) and not mending:
            why = f"{', '.join(sorted(away))} is drained (`hatui undrain` puts it back)"
            return Planned(refused=f"Nothing is restarted: {why}.")
        others = [name for name in balancers if name not in now]
        vips, proxies = view.state[VRRP_OWNER], view.state[HAPROXY_STAT]
        if against := next(filter(None, (may_own(vips, proxies, name) for name in others)), None):
            return Planned(refused=f"Nothing is restarted: {against}.")
        steps = [step for name in others for step in machines.restarted(balancers, address, name, layer)]
        return Planned([*steps, *machines.restarted_owner(balancers, address, now[0], others[0], layer)])

    return Restart(planned, "open connections are reset once", vip.GAP)


def _taken_back(cluster: Cluster, hosts: Sequence[str]) -> None:
    for name in hosts:
        keepalived.brought_back(cluster.names(Role.HAPROXY), cluster.keepalived.vip, name)


HANDLING = Handling(
    here=_here,
    drained=_drained,
    gap=_gap,
    carried=_carried,
    given_back=_given_back,
    taken_out=_taken_out,
    restart=restarting("keepalived"),
    taken_back=_taken_back,
)
