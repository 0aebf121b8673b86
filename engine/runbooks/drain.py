"""Take one host out of service across every layer that it carries, so that it can be rebooted or worked on."""

from cluster.gates.galera import may_write
from cluster.gates.haproxy import kept_away, writers_of
from cluster.gates.keepalived import may_own, owners
from cluster.gates.pacemaker import not_left
from cluster.spec import Cluster, Role
from cluster.state import BrokerNode, ProxyNode, VipNode
from cluster.wiring import GALERA_BACKEND, RABBITMQ_BACKEND
from engine.choosing import carried, choice
from engine.runbook import Plan, View
from facts.vrrp import VrrpOwner
from operations import brokers, controllers, galera_nodes, vip, writer
from operations.hosts import look_all
from operations.steps import Step
from operations.traffic import may_leave, writers

PARAMETERS = {"host": "the host that is to carry nothing; empty: which could be"}


def plan(view: View, host: str = "") -> Plan:
    if not host:
        return choice(
            "Drain a host",
            view.cluster.hosts,
            lambda name: _against(view, name),
            say="Say which: `hatui drain HOST`.",
            now=lambda name: carried(view, name),
        )
    title = f"Drain {host}"
    if host not in view.cluster.hosts:
        return Plan(title, refused=f"There is no host {host}: there are {', '.join(view.cluster.hosts)}.")
    role = view.cluster.hosts[host].role
    planned = {Role.HAPROXY: _balancer, Role.GALERA: _database, Role.CONTROLLER: _controller}.get(role)
    if planned is None:
        return Plan(title, evidence=f"{host} carries no layer that hatui knows.")
    steps, refused, expected = planned(view, host)
    return Plan(
        title,
        [] if refused else steps,
        refused=refused,
        origin=host,
        expected=expected,
        gap=_gap(view, host),
        holds=lambda: _carries(view.cluster, host),
        undo=f"hatui undrain {host}",
        measures=("sql", "amqp"),
    )


def _against(view: View, host: str) -> str:
    found = plan(view, host)
    return found.refused or found.evidence or ("" if found.steps else f"{host} is drained already")


def _gap(view: View, host: str) -> float:
    """Seconds for which new connections may go unanswered; 0 where none of the traffic that is measured is moved."""
    owner = vip.GAP if host in owners(view.state.vrrp, view.cluster.keepalived.vip) else 0.0
    return max(owner, writer.GAP if host in writers_of(view.state.haproxy).values() else 0.0)


def _carries(cluster: Cluster, host: str) -> str | None:
    """What `host` carries after all, asked now, or None."""
    balancers, address = cluster.names(Role.HAPROXY), cluster.keepalived.vip
    if host in balancers and host in owners(look_all(balancers, VrrpOwner), address):
        return f"{address} is on {host}"
    if host in cluster.names(Role.GALERA) and host in writers(balancers):
        return f"the writer is {host}"
    controllers_ = cluster.names(Role.CONTROLLER)
    return not_left(controllers.nodes_of(controllers_), host) if host in controllers_ else None


Planned = tuple[list[Step], str, str]
"""Steps, why not, what clients feel."""


def _balancer(view: View, host: str) -> Planned:
    balancers, address = view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip
    node, now = view.state.vrrp[host], owners(view.state.vrrp, address)
    if isinstance(node, VipNode) and node.away and host not in now:
        return [], "", ""
    heirs = [name for name in balancers if name != host]
    against = {name: _no_heir(view, name) for name in heirs}
    heir = next((name for name in heirs if not against[name]), None)
    if heir is None:
        reasons = "; ".join(reason for reason in against.values() if reason)
        return [], f"No other balancer can own {address}: {reasons}.", ""
    if now == (host,):
        steps = vip.handover(balancers, address, host, heir)[:-1]
        return steps, "", "open connections through it are reset once"
    return [vip.stays_away(balancers, address, host)], "", "nothing: it owns no VIP"


def _no_heir(view: View, name: str) -> str | None:
    node = view.state.vrrp[name]
    if isinstance(node, VipNode) and node.away:
        return f"{name} is drained (`hatui undrain {name}` first)"
    return may_own(view.state.vrrp, view.state.haproxy, name)


def _database(view: View, host: str) -> Planned:
    nodes, balancers = view.cluster.names(Role.GALERA), view.cluster.names(Role.HAPROXY)
    address = view.cluster.keepalived.vip
    proxies = {name: node for name, node in view.state.haproxy.items() if isinstance(node, ProxyNode)}
    if len(proxies) == len(balancers) and all(
        host in kept_away({one: node}, GALERA_BACKEND) for one, node in proxies.items()
    ):
        return [], "", ""
    if reason := may_leave(nodes, balancers, host):
        return [], reason, ""
    if host not in writers_of(proxies).values():
        return galera_nodes.taken_out(nodes, balancers, address, host), "", "nothing: it is not the writer"
    heirs = [name for name in nodes if name != host and not may_write(view.state.galera, view.state.haproxy, name)]
    if not heirs:
        return [], f"{host} is the writer, and no other node can be: `hatui switchover writer --to …` says why.", ""
    steps = galera_nodes.taken_out(nodes, balancers, address, host, heirs[0])
    return steps, "", f"{heirs[0]} becomes the writer; open sessions are cut after 10 s"


def _controller(view: View, host: str) -> Planned:
    names, balancers = view.cluster.names(Role.CONTROLLER), view.cluster.names(Role.HAPROXY)
    steps: list[Step] = []
    broker = view.state.rabbitmq[host]
    proxies = {name: node for name, node in view.state.haproxy.items() if isinstance(node, ProxyNode)}
    away = all(host in kept_away({one: node}, RABBITMQ_BACKEND) for one, node in proxies.items())
    if not (isinstance(broker, BrokerNode) and broker.draining and away):
        steps += brokers.drained(names, balancers, host)
    if not_left(view.state.pacemaker, host):
        steps.append(controllers.stands_by(names, host))
    # Both layers are asked before either is touched.
    refused = next((reason for step in steps if (reason := step.precheck())), "")
    expected = (
        f"AMQP clients of {host} are closed and come back elsewhere; its resources are stopped and started elsewhere"
    )
    return steps, f"{refused}." if refused else "", expected
