"""What a layer is: all that code which goes over the layers must know of one. Nothing in here names any.

The descriptions are in cluster/layers, one file a layer. Each floor above has its own part in a file of the layer's
name: facts/NAME.py, operations/NAME.py, deploy/NAME.py, engine/layers/NAME.py, tui/console/depth/NAME.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cluster.health.verdict import LayerHealth
from cluster.reading import Mistake
from cluster.spec import Cluster, Role, Service
from cluster.state import ClusterState, Fact


@dataclass(frozen=True, slots=True)
class Claim:
    """What a record says of that which only one may be. Two of different `value` can't be so at one time."""

    value: Hashable
    words: str
    """As in "it says that …"."""
    needed: bool = False
    """If all is well, somebody claims such a thing."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a value is told of: a fact, and the host it is about, empty for the whole."""

    fact: str
    """Its name."""
    host: str
    name: str
    """As in "the writer", so that "NAME was A, and is B" is a sentence."""
    vip: str = ""
    """Where it is told who owns a VIP: its address."""
    holders: tuple[str, ...] = field(default=(), compare=False)
    """The hosts that the value names, where it is about no single one; not what makes a thing another."""


UNKNOWN = "unknown"
"""The value of a thing that can't be told."""

Things = Iterable[tuple[Thing, str]]


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of the steady state: that of a layer, or of one of its facts."""

    name: str
    count: Callable[[Cluster, ClusterState], tuple[str, str]]
    """What it needs, and what is so, in numbers that a person compares. They decide nothing."""
    against: Callable[[Cluster, ClusterState, Collection[str]], Iterator[str]]
    """Each reason why it is not so, as a sentence; what is so of the hosts in the collection is left out."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a host carries that its clients feel when it goes."""

    clients: int
    """For comparison; MOST for what all of them use."""
    words: str
    """As in "cc01: a broker with 3 clients"."""


MOST = sys.maxsize
"""More than any number of clients: a host whose loss everybody feels."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of systemd that is the layer's."""

    name: str
    files: tuple[str, ...]
    """Paths that it reads when it starts or is reloaded."""
    effect: str
    """What the layer's deploy does about it once one of them has changed: "HAProxy is reloaded"."""


@dataclass(frozen=True, slots=True)
class Port:
    """Where a host of the layer is spoken to by hosts of the cluster, and by nobody else."""

    protocol: str
    """tcp, udp, or vrrp, which has no ports."""
    numbers: str
    """One, or a range such as 35672-35682; empty for vrrp."""
    sources: tuple[str, ...]
    """The addresses from which it is."""
    words: str
    """What is said there, as in "the state transfers"."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where clients find what the balancers don't spread."""

    address: str
    port: int
    mode: str
    """tcp, or http."""
    path: str = ""
    """Of http: what is asked for."""


def _nothing(_: Cluster, __: ClusterState) -> tuple[()]:
    return ()


Settings = TypeVar("Settings")


def settings_of(cluster: Cluster, layer: str, kind: type[Settings]) -> Settings:
    """What the inventory says of a layer that describes its own settings."""
    return kind(**cluster.others.get(layer, {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer. What stands on another comes after it in the order of cluster/layers."""

    name: str
    roles: tuple[Role, ...]
    """Whose hosts carry it."""
    wanted: Callable[[Cluster], bool] = lambda _: True
    """Whether the inventory has it at all. Where not, nobody carries it, is asked for it, or is told of it."""
    carries: Callable[[Cluster, str], bool] = lambda *_: True
    """Whether a host of these roles does, where not each of them does."""
    settings: type | None = None
    """A dataclass of plain values with defaults: the section of the layer's name in the inventory, checked by it.
    None: it has none, or a field of its own in cluster/spec.py."""
    checks: Callable[[Cluster], Iterator[Mistake]] = lambda _: iter(())
    """What of the inventory's values it can't be made of; a sentence for each."""
    facts: tuple[Fact[Any], ...] = ()
    """What each of them is asked."""
    told_alone: bool = False
    """Each host gives its own hint when it changes: no other has to be asked for it then, or waited for."""
    claims: Mapping[str, Callable[[Cluster, str, Any], Claim | None]] = field(default_factory=dict)
    """By the fact's name: what the record of a host claims, of that which only one may be."""
    needed: frozenset[str] = frozenset()
    """The facts of which somebody must claim something, if all is well."""
    verdict: Callable[[Cluster, ClusterState], LayerHealth] | None = None
    """None: it is no layer to its clients."""
    steady: tuple[Condition, ...] = ()
    things: Callable[[Cluster, ClusterState], Things] = _nothing
    """What a plan rests on and events tell, as short values by name. Counters and times are left out: they change while
    nothing happens."""
    loads: Callable[[Cluster, ClusterState], Mapping[str, Load]] | None = None
    """The hosts that carry its traffic now. None: it has none of its own, and disturbs that of all other layers."""
    units: tuple[Unit, ...] = ()
    ports: Callable[[Cluster], tuple[Port, ...]] | None = None
    """What the cluster's hosts say to each other on each host that carries it. What clients use is none of it."""
    packages: Callable[[Cluster], tuple[str, ...]] = lambda _: ()
    """What its hosts have to have installed, by Debian's names in the cluster's release."""
    services: Callable[[Cluster], Mapping[str, Service]] = lambda _: {}
    """What the balancers spread over its hosts, by the name of HAProxy's backend: as the inventory's own services."""
    endpoints: Callable[[Cluster], Mapping[str, Endpoint]] = lambda _: {}
    """What else clients find of it, by a name that no service has, each at a VIP that is not the balancers'."""
    shared: str = ""
    """The name of the floors' parts that it shares with other layers, where it has none of its own name."""
    retired: Mapping[str, str] = field(default_factory=dict)
    """Names that an inventory may have for what its project no longer has, each to what is said after it."""
    secrets: tuple[str, ...] = ()
    """The names of the passwords that its deploy asks for, each made by hatui where the inventory names no source."""
    given: Callable[[Cluster], tuple[str, ...]] = lambda _: ()
    """The names of further secrets, which the values of its section name: the inventory gives their sources."""
    home: str = ""
    """The package in which the floors' parts of it are; empty for those that come with hatui."""
    deployed: bool = True
    """Whether it has a deploy of its own, deploy/NAME.py."""
    recovery: str = ""
    """What `hatui recover NAME` brings back once all of it was down, in a few words; empty where nothing has to be."""
    at_once: Callable[[Cluster, ClusterState], str] = lambda *_: ""
    """Why what the inventory wants of it can't be rolled out host by host, as a sentence that says what to do; empty
    where it can."""
    together: str = ""
    """Why its hosts are changed all at once, as a clause; empty where they are changed one by one."""

    def hosts(self, spec: Cluster) -> tuple[str, ...]:
        """The hosts that carry it, in the order of the inventory."""
        return tuple(name for name in spec.hosts if self.is_on(spec, name))

    def is_on(self, spec: Cluster, host: str) -> bool:
        """Whether the host carries it."""
        return spec.hosts[host].role in self.roles and self.wanted(spec) and self.carries(spec, host)
