"""What a service of OpenStack is: all that code which goes over them must know of one. Pure; names none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.checking import between
from cluster.layer import settings_of
from cluster.names import LASTING
from cluster.openstack.queue import QUEUE_PASSWORD
from cluster.openstack.record import ApiNode
from cluster.reading import Mistake
from cluster.releases import ONLY_IN
from cluster.spec import Cluster, Service
from cluster.state import Fact


@dataclass(frozen=True, slots=True)
class Workers:
    """The section of a service in the inventory; where there is none, hatui has nothing to do with the service."""

    processes: int = 1
    """Of its API, on each controller."""
    threads: int = 8
    """Of each process: as many requests are worked on at once."""


@dataclass(frozen=True, slots=True)
class Sync:
    """A command that makes or changes tables, run once for each version of the package."""

    words: str
    """What is said to the service's own tool, such as "db_sync"."""
    unless: tuple[str, str] | None = None
    """Where it can't be run twice: the words to ask the tool with, and the text in its answer once it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenstackService:
    """A service of OpenStack on the controllers, as its project and Debian's packages have it.

    Its name is that of its section in the inventory, its backend in HAProxy, its user in keystone and its account in
    the database.
    """

    name: str
    kind: str
    """Its type in keystone's catalogue."""
    gives: str
    """What the call that proves it gives, as in "a list of images"."""
    port: int
    path: str = ""
    """Where its API begins, after host and port, in the catalogue."""
    health: str
    """The path that the balancers ask: it tells that the process answers, and nothing of what stands behind it."""
    call: str
    """The path of a call that it can't answer without its database."""
    parts: str = ""
    """The key in this call's answer under which it tells of its parts; empty where it tells of none."""
    allowed: Mapping[str, str] = field(default_factory=dict)
    """The policies by which who watches may make this call: each rule's name, to the check of its default
    (oslo.policy). Empty where a reader may anyway."""
    packages: tuple[str, ...]
    """Its API's first."""
    config: str
    """The path of the file with its settings."""
    further_configs: tuple[str, ...] = ()
    """Paths of files that its parts read beside that."""
    tool: str
    """The program that makes its tables."""
    databases: Mapping[str, str]
    """Each database, to the section of the settings that says where it is; empty for one that no section names."""
    syncs: Callable[[Cluster], tuple[Sync, ...]]
    """In their order."""
    units: tuple[str, ...]
    """Its API's first."""
    own_units: Mapping[str, str] = field(default_factory=dict)
    """Those of them for which its package has no file, to the program."""
    uwsgi: str = ""
    """The path of the package's own settings of uwsgi, which serves it; empty where it serves itself."""
    roles: tuple[str, ...] = ("service",)
    """Of its user, in the project `service`."""
    queue: bool = False
    """Whether its parts talk by the message queue."""
    beside: Mapping[str, Service] = field(default_factory=dict)
    """What else of it the balancers spread over the controllers."""
    passwords: tuple[str, ...] = ()
    """The names of its secrets beside those of its two accounts in the database; none: of its user in keystone."""
    settings: type = Workers
    checks: Callable[[Cluster], Iterator[Mistake]] = lambda _: iter(())
    """What of its section it can't be made of, beside its processes and threads."""

    @property
    def unit(self) -> str:
        """Its API's."""
        return self.units[0]

    @property
    def what(self) -> str:
        """Its API's unit without the suffix."""
        return self.unit.removesuffix(".service")

    @property
    def folder(self) -> str:
        """Of its settings."""
        return f"/etc/{self.name}"

    @property
    def workers_file(self) -> str:
        """How uwsgi serves it: where it listens, with how many processes and threads. Read after the package's."""
        return f"{self.folder}/hatui-uwsgi.ini"

    @property
    def sync_file(self) -> str:
        """The account that may change its tables: read by its tool alone."""
        return f"{self.folder}/hatui-db-sync.conf"

    @property
    def health_file(self) -> str:
        """Settings of curl(1) with which a host asks whether its own is there."""
        return f"/etc/hatui/{self.name}.health"

    @property
    def call_file(self) -> str:
        """Settings of curl(1) for the call that proves it."""
        return f"/etc/hatui/{self.name}.call"

    @property
    def late_file(self) -> str:
        """Made when an answer to this call comes for which a look could not wait."""
        return f"/run/hatui/{self.name}.call.said.late"

    @property
    def synced_file(self) -> str:
        """On the controller that made its tables: for which version of the package."""
        return f"{LASTING}/{self.name}.synced"

    @property
    def log(self) -> str:
        """Where its API logs."""
        return f"/var/log/{self.name}/{self.what}.log"

    @property
    def fact(self) -> Fact[ApiNode]:
        """What is seen of it on a host."""
        return Fact(self.name, ApiNode, 30)

    @property
    def configs(self) -> tuple[str, ...]:
        """All files with its settings."""
        return (self.config, *self.further_configs)

    def files(self, unit: str) -> tuple[str, ...]:
        """What one of its units reads when it starts."""
        return (*self.configs, self.workers_file) if self.uwsgi and unit == self.unit else self.configs

    def units_in(self, release: str) -> tuple[str, ...]:
        """Its units, in a release of Debian."""
        return tuple(unit for unit in self.units if release in ONLY_IN.get(unit.removesuffix(".service"), {release}))

    def packages_in(self, release: str) -> tuple[str, ...]:
        """Its packages, in a release of Debian."""
        return tuple(name for name in self.packages if release in ONLY_IN.get(name, {release}))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the passwords that its deploy asks for."""
        queue = (QUEUE_PASSWORD,) if self.queue else ()
        return (f"{self.name}_database", f"{self.name}_sync", *(self.passwords or (f"{self.name}_user",)), *queue)

    def wanted(self, spec: Cluster) -> bool:
        """Whether the inventory has it."""
        return self.name in spec.others

    def of(self, spec: Cluster) -> Any:
        """What the inventory says of it: its `settings`."""
        return settings_of(spec, self.name, self.settings)

    def own_port(self, spec: Cluster) -> int:
        """On the balancers' VIP, and on each controller's own address."""
        return int(getattr(self.of(spec), "port", self.port))

    def url(self, spec: Cluster) -> str:
        """Where clients reach it, such as http://192.168.47.47:5000/v3."""
        return f"http://{spec.keepalived.vip}:{self.own_port(spec)}{self.path}"

    def own_url(self, spec: Cluster, host: str) -> str:
        """Where it listens on a controller, without the path."""
        return f"http://{spec.address(host)}:{self.own_port(spec)}"

    def threads(self, spec: Cluster) -> int:
        """Of each process of its API; one where its section has no choice of them."""
        return int(getattr(self.of(spec), "threads", 1))

    def at_once(self, spec: Cluster) -> int:
        """As many requests one controller's works on at once."""
        return int(self.of(spec).processes * self.threads(spec))

    def services(self, spec: Cluster) -> dict[str, Service]:
        """What the balancers spread over the controllers.

        One request less than it works on at once: a server that works on all that it can is not dead, and its health
        path has to be answered meanwhile.
        """
        return {
            self.name: Service(
                port=self.own_port(spec),
                role="controller",
                mode="http",
                check=self.health,
                algorithm="leastconn",
                timeout=120,
                max_connections=max(1, self.at_once(spec) - 1),
            ),
            **self.beside,
        }

    def mistakes(self, spec: Cluster) -> Iterator[Mistake]:
        """What of its section it can't be made of."""
        if not self.wanted(spec):
            return
        mine = self.of(spec)
        least = 1 if hasattr(mine, "threads") else 2
        yield from between(f"{self.name}.processes", mine.processes, least, 64)
        if hasattr(mine, "threads"):
            yield from between(f"{self.name}.threads", mine.threads, 2, 256)
        yield from self.checks(spec)
