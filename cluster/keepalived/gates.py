"""Keepalived: who may own the VIP, whether it is where it should be, and when new settings may be given."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.haproxy.gates import not_open, why_not_serving, why_not_shared
from cluster.haproxy.record import ProxyNode
from cluster.reason import Advised
from cluster.state import Unknown, runs
from cluster.vip import VipNode, owners

Vips = Mapping[str, VipNode | Unknown]
Proxies = Mapping[str, ProxyNode | Unknown]


def not_one_owner(vips: Vips, vip: str) -> str | None:
    """Why it can't be said that exactly one host holds `vip` and the others are ready for it, or None if so."""
    for name, node in vips.items():
        if isinstance(node, Unknown):
            return f"{name} can't be asked: {node.reason}"
        if reason := why_not_running(name, node):
            return reason
        if node.away:
            return Advised(f"{name} was told to give {vip} up (`hatui undrain {name}` lets it take it again)")
    found = owners(vips, vip)
    if len(found) != 1:
        return f"{vip} has {len(found)} owners ({', '.join(found) or 'no host holds it'})"
    return no_carrier(vips, found[0], vip)


def why_not_running(name: str, node: VipNode) -> str | None:
    """Why `name`'s keepalived can't be counted on, or None if its unit runs and no process of it is stopped."""
    unit = node.keepalived
    if unit is None or not unit.known:
        return f"{name} has no unit keepalived: whether it takes part in VRRP can't be told"
    if not runs(unit):
        return f"{name}'s keepalived does not run"
    if unit.frozen:
        return f"{name}'s keepalived is frozen (a process of it is stopped): `systemctl restart keepalived` there"
    return None


def no_carrier(vips: Vips, owner: str, vip: str) -> str | None:
    """Why nobody reaches `vip` on `owner`: its link there is down. None if it is not, or that is not known."""
    node = vips.get(owner)
    if isinstance(node, VipNode) and (interface := node.held.get(vip)) in node.no_carrier:
        return f"{vip} is on {interface} of {owner}, a link without carrier"
    return None


def may_reload_keepalived(vips: Vips, proxies: Proxies, host: str, vip: str) -> str | None:
    """Why `host`'s keepalived must not get new settings now, or None: one owner, and HAProxy serves on all others."""
    reason = not_one_owner(vips, vip)
    for name, node in proxies.items():
        if reason is None and name != host:
            reason = why_not_serving(name, node)
    return f"{host}'s keepalived does not get its new settings: {reason}." if reason else None


def may_own(vips: Vips, proxies: Proxies, host: str) -> str | None:
    """Why `host` must not be made the VIP's owner, or None: it runs keepalived, and serves whom any other serves.

    Nor must it as long as the balancers don't tell each other who the writer is.
    """
    vip, proxy = vips.get(host), proxies.get(host)
    if vip is None or proxy is None:
        return f"{host} is no balancer"
    if isinstance(vip, Unknown):
        return f"{host} can't be asked: {vip.reason}"
    if reason := why_not_running(host, vip) or why_not_serving(host, proxy) or not_open(host, proxy):
        return reason
    if reason := why_not_shared(proxies):
        return reason
    up = _up(proxy)
    for other, node in proxies.items():
        if missing := sorted(_up(node) - up):
            return f"{host} has not UP what {other} has: {', '.join(missing)}"
    return None


def _up(proxy: ProxyNode | Unknown) -> set[str]:
    servers = proxy.servers if isinstance(proxy, ProxyNode) else ()
    return {f"{server.backend}/{server.name}" for server in servers if server.serves}
