"""What a service of OpenStack is: all that code which goes over them must know of one. Pure; names none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.checking import between, choice
from cluster.layer import settings_of
from cluster.names import LASTING
from cluster.openstack.api import Api
from cluster.openstack.availability import AGENTS, Availability
from cluster.openstack.lone import Lone
from cluster.openstack.queue import QUEUE_PASSWORD
from cluster.openstack.record import ApiNode
from cluster.openstack.sections import Sync, Workers
from cluster.reading import Mistake
from cluster.releases import ONLY_IN
from cluster.spec import Cluster, Service
from cluster.state import Fact


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
    version: str = ""
    """Which version of this call's answer is asked for (OpenStack-API-Version); empty where there is but one."""
    parts: str = ""
    """The key in this call's answer under which it tells of its parts; empty where it tells of none."""
    telling: Callable[[Cluster], bool] = lambda _: False
    """Whether there must be such parts: a service may list none of those that who asks may not see."""
    forget: str = ""
    """The command that takes the record of such a part away, without the part."""
    forgotten_by: str = "ID"
    """What this command is given, where the part's number is not known."""
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
    lone: Lone | None = None
    """A part of it that runs on one controller alone, by choice."""
    uwsgi: str = ""
    """The path of the package's own settings of uwsgi, which serves its API; empty where that serves itself."""
    further: tuple[Api, ...] = ()
    """Its APIs beside that: who asks for them is not who asks for that one."""
    roles: tuple[str, ...] = ("service",)
    """Of its user, in the project `service`."""
    queue: bool = False
    """Whether its parts talk by the message queue."""
    beside: Mapping[str, Service] = field(default_factory=dict)
    """What else of it the balancers spread over the controllers, and is no API."""
    passwords: tuple[str, ...] = ()
    """The names of its secrets beside those of its two accounts in the database; none: of its user in keystone."""
    given: Callable[[Cluster], tuple[str, ...]] = lambda _: ()
    """The names of further secrets, which the inventory's section of it names and must give."""
    alone: Callable[[Cluster], str] = lambda _: ""
    """What only the controller has that runs it, as a clause; empty for nothing."""
    settings: type = Workers
    checks: Callable[[Cluster], Iterator[Mistake]] = lambda _: iter(())
    """What of its section it can't be made of, beside its processes and threads."""

    @property
    def unit(self) -> str:
        """Its API's."""
        return self.units[0]

    @property
    def folder(self) -> str:
        """Of its settings."""
        return f"/etc/{self.name}"

    @property
    def apis(self) -> tuple[Api, ...]:
        """All its APIs, the one that proves it first."""
        own = Api(name=self.name, unit=self.unit, port=self.port, health=self.health, uwsgi=self.uwsgi)
        return (own, *self.further)

    @property
    def sync_file(self) -> str:
        """The account that may change its tables: read by its tool alone."""
        return f"{self.folder}/hatui-db-sync.conf"

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
    def records_file(self) -> str:
        """Where its own records are, in its database, for who tells of its parts; there where it has a lone one."""
        return f"/etc/hatui/{self.name}.records"

    def log(self, unit: str) -> str:
        """Where the API of that unit logs, or the lone part; empty for a unit that is neither's."""
        name = unit.removesuffix(".service")
        known = {*(api.unit for api in self.apis), *([self.lone.unit] if self.lone else [])}
        return f"/var/log/{self.name}/{name}.log" if unit in known else ""

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
        return (*self.configs, *(api.workers_file for api in self.apis if api.uwsgi and api.unit == unit))

    @property
    def all_files(self) -> tuple[str, ...]:
        """What its units read, each once."""
        return tuple(dict.fromkeys(path for unit in self.units for path in self.files(unit)))

    def units_in(self, release: str) -> tuple[str, ...]:
        """Its units, in a release of Debian."""
        return tuple(unit for unit in self.units if release in ONLY_IN.get(unit.removesuffix(".service"), {release}))

    def lone_units(self, spec: Cluster) -> tuple[str, ...]:
        """That of its part which runs on one controller alone, where the inventory has it."""
        return (self.lone.unit,) if self.lone and self.wanted(spec) and self.lone.wanted(spec) else ()

    def lone_names(self, spec: Cluster) -> tuple[str, ...]:
        """Under which names this part must tell of itself; none where the inventory has it not."""
        return self.lone.names(spec) if self.lone and self.lone_units(spec) else ()

    def packages_in(self, spec: Cluster) -> tuple[str, ...]:
        """Its packages, in the cluster's release of Debian."""
        release = spec.release
        lone = self.lone.packages(spec) if self.lone and self.lone_units(spec) else ()
        return (*(name for name in self.packages if release in ONLY_IN.get(name, {release})), *lone)

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
        """Its API's, on the balancers' VIP and on each controller's own address."""
        return int(getattr(self.of(spec), "port", self.port))

    def port_of(self, spec: Cluster, api: Api) -> int:
        """That of one of its APIs."""
        return api.port if api in self.further else self.own_port(spec)

    def availability(self, spec: Cluster) -> Availability:
        """How it is kept available."""
        said = self.of(spec).availability
        # Of what is none, the inventory's check tells.
        return Availability(said) if said in tuple(Availability) else Availability.ACTIVE

    def clustered(self, spec: Cluster) -> tuple[str, ...]:
        """Those of its units that Pacemaker starts, and nobody else."""
        lone = self.lone_units(spec)
        match self.availability(spec):
            case Availability.ACTIVE:
                return lone
            case Availability.WARM:
                return (*(api.unit for api in self.apis), *lone)
        return (*self.units_in(spec.release), *lone)

    def vip(self, spec: Cluster) -> str:
        """The address at which clients find its APIs."""
        return spec.keepalived.vip if self.availability(spec) is Availability.ACTIVE else spec.pacemaker.vip

    def beside_vip(self, spec: Cluster) -> str:
        """The address at which clients find what else of it there is."""
        passive = self.availability(spec) is Availability.PASSIVE
        return spec.pacemaker.vip if passive else spec.keepalived.vip

    def url(self, spec: Cluster) -> str:
        """Where clients reach it, such as http://192.168.47.47:5000/v3."""
        return f"http://{self.vip(spec)}:{self.own_port(spec)}{self.path}"

    def listens(self, spec: Cluster, host: str) -> tuple[str, ...]:
        """The addresses at which it listens on a controller, the one at which this host asks it first.

        Where it runs with the VIP alone, it has that one alone: only its holder can be asked.
        """
        own, vip = spec.address(host), spec.pacemaker.vip
        return {Availability.ACTIVE: (own,), Availability.WARM: (own, vip), Availability.PASSIVE: (vip,)}[
            self.availability(spec)
        ]

    def own_url(self, spec: Cluster, host: str, api: Api | None = None) -> str:
        """Where a controller asks its own API, or that one of them, without the path."""
        return f"http://{self.listens(spec, host)[0]}:{self.port_of(spec, api) if api else self.own_port(spec)}"

    def processes(self, spec: Cluster, api: Api) -> int:
        """Of one of its APIs, on each controller."""
        return int(getattr(self.of(spec), api.processes))

    def threads(self, spec: Cluster) -> int:
        """Of each process of its APIs; one where its section has no choice of them."""
        return int(getattr(self.of(spec), "threads", 1))

    def mistakes(self, spec: Cluster) -> Iterator[Mistake]:
        """What of its section it can't be made of."""
        if not self.wanted(spec):
            return
        mine = self.of(spec)
        yield from choice(f"{self.name}.availability", mine.availability, tuple(Availability))
        yield from choice(f"{self.name}.agent", mine.agent, AGENTS)
        least = 1 if hasattr(mine, "threads") else 2
        for api in self.apis:
            yield from between(f"{self.name}.{api.processes}", self.processes(spec, api), least, 64)
        if hasattr(mine, "threads"):
            yield from between(f"{self.name}.threads", mine.threads, 2, 256)
        yield from self.checks(spec)
