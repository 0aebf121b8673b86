"""A CIB and what it is to be called, and the resources and nodes that the tables are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cluster.health.verdict import Verdict
from tests.unit.cibs import (
    FENCING,
    VIP_RESOURCE,
    Cib,
    Clone,
    Node,
    Op,
    Primitive,
    at,
    but,
)

OK, WARN, FAIL, UNKNOWN = Verdict
OFF = {"target-role": "Stopped"}
ALL = ("cc01", "cc02", "cc03")
REMOTE = Node("galera-0", kind="remote")
BOXES = tuple(Node(f"box-{number}", kind="remote") for number in range(3))
"""The guest nodes in the containers of a bundle "box"."""


@dataclass(frozen=True, slots=True)
class Case:
    """A cluster, and what is to be said of it."""

    name: str
    cib: Cib
    verdict: Verdict
    says: Sequence[str] = ()
    lacks: Sequence[str] = ()
    rest: bool = True
    drain: bool = True
    vip: str = "cc01"
    """Who holds the VIP."""


def api(*ops: Op, **more: object) -> Primitive:
    """A service under systemd."""
    return Primitive("api", "systemd:api", ops, **more)  # type: ignore[arg-type]


def web(*nodes: str, **meta: str) -> Clone:
    """HAProxy on these nodes."""
    more = {k.replace("_", "-"): v for k, v in meta.items()}
    return Clone("web-clone", Primitive("web", "systemd:haproxy", at(*nodes)), more)


def db(*ops: Op, **meta: str) -> Clone:
    """A promotable clone."""
    more = {k.replace("_", "-"): v for k, v in meta.items()}
    return Clone("db-clone", Primitive("db", "ocf:pacemaker:Stateful", ops), {"promotable": "true", **more})


def unique(*nodes: str) -> Clone:
    """A clone of two instances that are not the same, on these nodes."""
    return Clone("u-clone", Primitive("u", "systemd:u", at(*nodes)), {"globally-unique": "true", "clone-max": "2"})


def remote(*ops: Op, **more: object) -> Primitive:
    """The connection to a remote node."""
    return Primitive("galera-0", "ocf:pacemaker:remote", ops, parameters={"server": "192.0.2.70"}, **more)  # type: ignore[arg-type]


def guest(*ops: Op, **meta: str) -> Primitive:
    """A virtual machine that is a node too."""
    return Primitive("vm", "ocf:heartbeat:VirtualDomain", ops, {"remote-node": "guest1", **meta})


GUEST = Node("guest1", kind="remote")


def gone(name: str, **more: object) -> tuple[Node, ...]:
    """A node that left in good order."""
    return but(name, online=False, expected=False, **more)


def dead(name: str) -> tuple[Node, ...]:
    """A node that nobody hears, and that was not fenced yet."""
    return but(name, online=False)


def without(name: str) -> tuple[Primitive, ...]:
    """The VIP and the fencing devices, all of them where `name` is not."""
    other = next(one for one in ALL if one != name)
    moved = [replace(one, ops=at(other)) if one.ops[0].node == name else one for one in (VIP_RESOURCE, *FENCING)]
    return tuple(moved)


def off(*resources: Primitive) -> tuple[Primitive, ...]:
    """The VIP and fencing, all stopped, and these."""
    return tuple(replace(one, ops=()) for one in (VIP_RESOURCE, *FENCING, *resources))
