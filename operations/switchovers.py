"""The switchovers for plain pyinfra: the engine's own steps, as one operation each on the layer's first host."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.vip import owners
from facts.keepalived import VrrpOwner
from operations import controllers, writer
from operations.hosts import look_all
from operations.procedure import Procedure
from operations.steps import refused
from operations.traffic import writers
from operations.vip import handover


@operation()
def vip(balancers: Sequence[str], address: str, to: str) -> Generator[PyinfraCommand, None, None]:
    """Move the VIP `address` to the balancer `to`."""
    now = owners(look_all(balancers, VrrpOwner), address)
    if now == (to,):
        return
    if to not in balancers or len(now) != 1:
        known = f"to must be one of {', '.join(balancers)}, and {address} is on {', '.join(now) or 'nobody'}."
        yield refused("Move the VIP", known)
        return
    yield Procedure(f"Move {address} to {to}", lambda: handover(balancers, address, now[0], to))


@operation()
def database_writer(
    nodes: Sequence[str], balancers: Sequence[str], address: str, to: str
) -> Generator[PyinfraCommand, None, None]:
    """Make the node `to` the writer on all `balancers`; `address` is their VIP."""
    now = writers(balancers)
    if now == {to}:
        return
    if to not in nodes or len(now) > 1:
        known = f"to must be one of {', '.join(nodes)}, and the writer is {', '.join(sorted(now)) or 'nobody'}."
        yield refused("Move the writer", known)
        return
    yield Procedure(f"Make {to} the writer", lambda: writer.moved(nodes, balancers, address, list(now), to))


@operation()
def resource(hosts: Sequence[str], resource: str, to: str) -> Generator[PyinfraCommand, None, None]:
    """Move `resource` of Pacemaker to the controller `to`."""
    now = controllers.where(hosts, resource)
    if now == (to,):
        return
    if to not in hosts or len(now) != 1:
        known = f"to must be one of {', '.join(hosts)}, and {resource} is on {', '.join(now) or 'no host'}."
        yield refused(f"Move {resource}", known)
        return
    yield Procedure(f"Move {resource} to {to}", lambda: controllers.moved(hosts, resource, now[0], to))
