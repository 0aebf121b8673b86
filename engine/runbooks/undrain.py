"""Put a host back into service across every layer that it carries; who was drained or left half drained alike."""

from cluster.gates.galera import is_synced
from cluster.gates.haproxy import kept_away, writers_of
from cluster.gates.pacemaker import view_of
from cluster.spec import Role
from cluster.state import BrokerNode, VipNode
from cluster.wiring import GALERA_BACKEND, RABBITMQ_BACKEND
from engine.choosing import choice
from engine.runbook import Plan, View
from operations import brokers, controllers, vip, writer
from operations.steps import Step

PARAMETERS = {"host": "the host that is to carry its layers again; empty: which are drained"}


def plan(view: View, host: str = "") -> Plan:
    if not host:
        plans = {name: plan(view, name) for name in view.cluster.hosts}
        # Of one that can't be asked it is not known.
        found = [name for name, one in plans.items() if one.steps or one.refused]
        say = "Say which: `hatui undrain HOST`." if found else "No host is drained."
        return choice("Put a host back into service", found, lambda name: plans[name].refused, say=say)
    title = f"Put {host} back into service"
    if host not in view.cluster.hosts:
        return Plan(title, refused=f"There is no host {host}: there are {', '.join(view.cluster.hosts)}.")
    role = view.cluster.hosts[host].role
    steps, refused = {Role.HAPROXY: _balancer, Role.GALERA: _database, Role.CONTROLLER: _controller}.get(role, _none)(
        view, host
    )
    return Plan(
        title,
        [] if refused else steps,
        refused=refused,
        target=host,
        expected="nothing: the VIP and the writer stay where they are",
        undo=f"hatui drain {host}",
        measures=("sql", "amqp"),
    )


Planned = tuple[list[Step], str]
"""Steps, and why not."""


def _none(_view: View, _host: str) -> Planned:
    return [], ""


def _balancer(view: View, host: str) -> Planned:
    node = view.state.vrrp[host]
    if not isinstance(node, VipNode):
        return [], f"{host} can't be asked: {node.reason}."
    return (vip.returns(view.cluster.names(Role.HAPROXY), view.cluster.keepalived.vip, host) if node.away else []), ""


def _database(view: View, host: str) -> Planned:
    node = view.state.galera[host]
    if host not in kept_away(view.state.haproxy, GALERA_BACKEND):
        return [], ""
    if not is_synced(node):
        return [], f"{host} is not Synced yet (`hatui status`): wait, or deploy/galera.py brings it back."
    writers = set(writers_of(view.state.haproxy).values())
    return [
        writer.standby(view.cluster.names(Role.HAPROXY), host, next(iter(writers)) if len(writers) == 1 else "")
    ], ""


def _controller(view: View, host: str) -> Planned:
    names, balancers = view.cluster.names(Role.CONTROLLER), view.cluster.names(Role.HAPROXY)
    steps: list[Step] = []
    seen = view_of(view.state.pacemaker)
    if seen is None:
        return [], "No controller is in a cluster with quorum: bring that back first (`hatui status`)."
    if any(member.name == host and member.standby for member in seen.nodes):
        steps.append(controllers.online(names, host))
    broker = view.state.rabbitmq[host]
    if isinstance(broker, BrokerNode) and broker.draining:
        steps += brokers.revived({name: view.cluster.address(name) for name in names}, balancers, host)
    elif host in kept_away(view.state.haproxy, RABBITMQ_BACKEND):
        steps.append(brokers.given_back(balancers, host))
    return steps, ""
