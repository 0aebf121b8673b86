"""A host taken out of a service of the inventory, and given back: on all balancers as one."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.haproxy.gates import why_not_serving
from cluster.haproxy.record import ProxyNode
from cluster.haproxy.servers import takes_none
from facts.haproxy import HaproxyStat
from operations import servers
from operations.hosts import look_all
from operations.steps import Step


def taken_out(balancers: Sequence[str], service: str, host: str) -> Step:
    """The step after which `host` gets no session of the service, and has none."""
    return Step(
        f"{host} serves no {service}",
        lambda: servers.empty(balancers, service, host),
        precheck=lambda: _last(balancers, service, host),
        undo=lambda: servers.undrain(balancers, service, host),
        on=host,
    )


def given_back(balancers: Sequence[str], service: str, host: str) -> Step:
    """The step after which the balancers send `host` sessions of the service again."""
    return Step(
        f"{host} serves {service} again",
        lambda: servers.undrain(balancers, service, host),
        verify=lambda: not_up(balancers, service, host),
        within=servers.RISE,
        lasting=f"{host} serves {service}",
        on=host,
    )


def _last(balancers: Sequence[str], service: str, host: str) -> str | None:
    """Why the service can't do without `host`, or None: on each balancer another server is UP."""
    for name, node in look_all(balancers, HaproxyStat).items():
        if reason := why_not_serving(name, node):
            return reason
        others = [one for one in (node.servers if isinstance(node, ProxyNode) else ()) if one.backend == service]
        if not any(one.serves and one.name != host for one in others):
            return f"{host} is the last server of {service} that is UP on {name}"
    return None


def not_up(balancers: Sequence[str], service: str, host: str) -> str | None:
    """Why a balancer sends `host` no sessions of the service, or None: all do."""
    for name, node in look_all(balancers, HaproxyStat).items():
        if not isinstance(node, ProxyNode):
            return f"{name} can't be asked: {node.reason}"
        if reason := takes_none(name, node, service, host):
            return reason
    return None
