"""Restart a layer's service, one host at a time, each emptied first and behind its gate; who carries traffic last."""

from collections.abc import Mapping

from cluster.gates.galera import incomplete, may_write
from cluster.gates.haproxy import kept_away, writers_of
from cluster.gates.keepalived import may_own, owners
from cluster.gates.pacemaker import view_of
from cluster.spec import Role
from cluster.state import ProxyNode, ServiceState, VipNode
from cluster.wiring import GALERA_BACKEND
from engine.choosing import choice
from engine.runbook import Plan, View
from engine.runbooks import undrain
from operations import balancers as machines
from operations import brokers, controllers, galera_nodes, vip, writer
from operations.rabbitmq import connections
from operations.steps import Step

PARAMETERS = {"layer": "galera, rabbitmq, haproxy, keepalived or pacemaker; empty: which could be"}


def plan(view: View, layer: str = "") -> Plan:
    layers = {
        "galera": (
            _galera,
            Role.GALERA,
            "open sessions are cut once, when the writer moves",
            writer.GAP,
        ),
        "rabbitmq": (
            _rabbitmq,
            Role.CONTROLLER,
            "AMQP clients of each broker are closed once and come back elsewhere",
            0.0,
        ),
        "haproxy": (_balancers, Role.HAPROXY, "open connections are reset once", vip.GAP),
        "keepalived": (_balancers, Role.HAPROXY, "open connections are reset once", vip.GAP),
        "pacemaker": (
            _pacemaker,
            Role.CONTROLLER,
            "each controller's resources are stopped and started elsewhere",
            0.0,
        ),
    }
    if not layer:
        say = "Say which layer: `hatui restart LAYER`."
        return choice(
            "Restart a layer, host by host",
            layers,
            lambda name: _against(view, name),
            say=say,
            now=lambda name: _now(view, name, len(view.cluster.names(layers[name][1]))),
        )
    title = f"Restart {layer}, host by host"
    if layer not in layers:
        return Plan(title, refused=f"There is no layer {layer}: there are {', '.join(layers)}.")
    planned, role, expected, gap = layers[layer]
    # What a restart that died has left out of service is put back first; what somebody drained on purpose is not.
    broken = [one for one in view.broken if one.runbook == "restart" and one.parameters.get("layer") == layer]
    back = [step for name in view.cluster.names(role) for step in undrain.plan(view, name).steps] if broken else []
    steps, refused = planned(view, layer, bool(back))
    return Plan(
        title,
        [] if refused else [*back, *steps],
        refused=refused,
        expected=expected,
        gap=gap,
        measures=("sql", "amqp"),
        in_stages=True,
        broken=[one.run for one in broken],
    )


def _against(view: View, layer: str) -> str:
    """Also what stands against the first step: some layers are only asked by their steps."""
    found = plan(view, layer)
    return found.refused or (found.steps[0].precheck() or "" if found.steps else "")


def _now(view: View, layer: str, hosts: int) -> str:
    """How many hosts the layer has, and on which a restart is due."""
    nodes: Mapping[str, object] = view.state.vrrp if layer == "keepalived" else getattr(view.state, layer)
    unit = "keepalived" if layer == "keepalived" else "service"
    units = {name: getattr(node, unit, None) for name, node in nodes.items()}
    due = ", ".join(name for name, found in units.items() if isinstance(found, ServiceState) and found.restart_due)
    return f"{hosts} hosts, due on {due}" if due else f"{hosts} hosts"


Planned = tuple[list[Step], str]
"""Steps, and why not."""


def _galera(view: View, _layer: str, _mending: bool) -> Planned:
    cluster = view.cluster
    hosts = {name: cluster.address(name) for name in cluster.names(Role.GALERA)}
    balancers, address = cluster.names(Role.HAPROXY), cluster.keepalived.vip
    size = len(hosts) + (cluster.galera.arbitrator is not None)
    if reason := incomplete(view.state.galera, size):
        return [], f"Nothing is restarted: {reason}."
    proxies = {name: node for name, node in view.state.haproxy.items() if isinstance(node, ProxyNode)}
    writers = sorted(set(writers_of(proxies).values()))
    away = kept_away(proxies, GALERA_BACKEND)
    if away and not _mending:
        return [], f"Nothing is restarted: {', '.join(sorted(away))} is drained (`hatui undrain` puts it back)."
    if len(writers) > 1:
        return [], f"The balancers do not agree on the writer ({', '.join(writers)}): `hatui switchover writer` first."
    last = writers[0] if writers else ""
    order = [name for name in hosts if name != last]
    steps: list[Step] = []
    for name in order:
        steps += galera_nodes.restarted(hosts, size, balancers, address, name, last)
    if last:
        heir = next(
            (name for name in order if not may_write(view.state.galera, view.state.haproxy, name) or _mending), None
        )
        if heir is None:
            return [], f"No other node than {last} can be the writer: `hatui switchover writer --to …` says why."
        steps += galera_nodes.restarted(hosts, size, balancers, address, last, last, heir)
    return steps, ""


def _rabbitmq(view: View, _layer: str, _mending: bool) -> Planned:
    hosts = {name: view.cluster.address(name) for name in view.cluster.names(Role.CONTROLLER)}
    balancers = view.cluster.names(Role.HAPROXY)
    order = sorted(hosts, key=connections)
    return [step for name in order for step in brokers.restarted(hosts, balancers, name)], ""


def _balancers(view: View, layer: str, mending: bool) -> Planned:
    balancers, address = view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip
    now = owners(view.state.vrrp, address)
    if len(now) != 1:
        return [], f"{address} is on {', '.join(now) or 'nobody'}: there is no one owner (`hatui status`)."
    away = [name for name, node in view.state.vrrp.items() if isinstance(node, VipNode) and node.away]
    if away and not mending:
        return [], f"Nothing is restarted: {', '.join(away)} is drained (`hatui undrain` puts it back)."
    others = [name for name in balancers if name not in now]
    if against := next((why for name in others if (why := may_own(view.state.vrrp, view.state.haproxy, name))), None):
        return [], f"Nothing is restarted: {against}."
    steps = [step for name in others for step in machines.restarted(balancers, address, name, layer)]
    return [*steps, *machines.restarted_owner(balancers, address, now[0], others[0], layer)], ""


def _pacemaker(view: View, _layer: str, _mending: bool) -> Planned:
    controllers_ = view.cluster.names(Role.CONTROLLER)
    seen = view_of(view.state.pacemaker)
    if seen is None:
        return [], "No controller is in a cluster with quorum: bring that back first (`hatui status`)."
    busy = {name for one in seen.resources if not one.agent.startswith("stonith:") for name in one.nodes}
    order = sorted(controllers_, key=lambda name: (name in busy, name == seen.dc))
    return [step for name in order for step in controllers.restarted(controllers_, name)], ""
