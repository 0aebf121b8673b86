"""A cluster that is simulated behind operations.hosts, so that a run can be broken at every one of its calls.

It knows as much of the hosts as the steps change and look at: the balancers' servers and tables, the VIP, the nodes of
the database, the brokers, Pacemaker's members and resources, files. Time is its own: it passes when somebody sleeps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import gevent
import pytest
from pyinfra.connectors.util import CommandOutput, OutputLine

from cluster.changes import Change
from cluster.galera.record import WSREP_STATUS
from cluster.haproxy.record import HAPROXY_STAT
from cluster.keepalived.names import VIP_AWAY_FILE, VIP_NEXT_FILE
from cluster.keepalived.record import VRRP_OWNER
from cluster.pacemaker.record import CONTROLLERS_VIP, CRM_MON
from cluster.rabbitmq.names import BROKER_DRAINED_FILE
from cluster.rabbitmq.record import RABBIT_CLUSTER
from cluster.spec import Cluster
from cluster.state import ClusterState, ServiceState
from cluster.vip import VipNode
from cluster.wire.journal import Entry
from engine import deploying, leftover, taking_back
from facts.base import FileStates, Services
from facts.galera import UserDatabases, WsrepStatus
from facts.haproxy import HaproxyStat
from facts.keepalived import VrrpOwner
from facts.pacemaker import CrmMon
from facts.rabbitmq import RabbitCluster
from operations import brokers, files, hosts, servers, steps
from operations.galera import join
from operations.galera_nodes import restarted_now
from operations.procedure import taken
from operations.steps import Refused, Unseen
from tests.unit.test_health import (
    BALANCERS,
    BROKER,
    CONTROLLER_VIP,
    CONTROLLERS,
    CRM,
    DATABASES,
    GALERA,
    HEALTHY,
    MEMBERS,
    VIP,
    proxy,
    unit,
)

BACKENDS = dict.fromkeys(DATABASES, "galera") | dict.fromkeys(CONTROLLERS, "rabbitmq")


SETTINGS = "/etc/mysql/mariadb.conf.d/60-hatui.cnf"


class FullDisk:
    """A journal that takes events until the one of that number, counted from 1: from then on the disk is full."""

    def __init__(self, at: int) -> None:
        self.at, self.told = at, 0

    def __call__(self, _entry: Entry, /) -> None:
        self.told += 1
        if self.full:
            raise OSError(28, "No space left on device")

    @property
    def full(self) -> bool:
        """Whether it came to that."""
        return self.told >= self.at


class Killed(BaseException):
    """The process is gone (SIGKILL): whatever it still tries does nothing."""


@dataclass(frozen=True)
class Way:
    """How a call goes wrong: what is raised, before or after the host has done it, once or from then on."""

    name: str
    raised: Callable[[str], BaseException]
    done: bool = False
    lasting: bool = False
    stride: int = 1
    """Of the calls, how many apart are tried: what is raised alike need not be at each of them."""


WAYS = (
    Way("it fails", lambda name: Refused(f"{name}: it does not work")),
    Way("it breaks", lambda _: OSError(5, "Input/output error"), stride=3),
    Way("connection lost before", lambda name: Unseen(f"{name} does not answer any longer")),
    Way("connection lost after", lambda name: Unseen(f"{name} does not answer any longer"), done=True),
    Way("host gone", lambda name: Unseen(f"{name} can't be reached"), lasting=True),
    Way("Ctrl-C before", lambda _: KeyboardInterrupt()),
    Way("Ctrl-C after", lambda _: KeyboardInterrupt(), done=True),
    Way("end of the process", lambda _: SystemExit(1), stride=3),
    Way("end of the greenlet", lambda _: gevent.GreenletExit(), done=True, stride=3),
    Way("time-out", lambda _: gevent.Timeout(3), stride=3),
    Way("a mistake in the code", lambda _: KeyError("wsrep_on"), stride=3),
    Way("kill -9 before", lambda _: Killed(), lasting=True),
    Way("kill -9 after", lambda _: Killed(), done=True, lasting=True),
)


class World:
    """The hosts. `at` and `way` say which call goes wrong, and how; none does where `at` is 0."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.servers = {balancer: dict.fromkeys(BACKENDS, "ready") for balancer in BALANCERS}
        self.stuck = dict.fromkeys(BALANCERS, "mysql1")
        self.owner = "haproxy1"
        self.away: set[str] = set()
        self.raised: set[str] = set()
        self.down: set[str] = set()
        self.marked: set[str] = set()
        self.drained: set[str] = set()
        self.standby: set[str] = set()
        self.bans: set[str] = set()
        self.resource = "cc01"
        self.files = {name: {SETTINGS: "former"} for name in DATABASES}
        """Content, by path; MariaDB does not start with "bad" settings, and runs with what it was started with."""
        self.runs_with = dict.fromkeys(DATABASES, "former")
        self.wanted = "former"
        """What the inventory wants of the settings, which a rollout brings in."""
        self.starts: Counter[tuple[str, str]] | None = None
        """How often each unit of a host was started anew; None: that is not told of, which is quicker."""
        self.now = 0.0
        self.calls = 0
        self.at = 0
        self.way = WAYS[0]
        self.gone = ""
        """The host that is gone; all of them ("*") for a process that is."""
        self.here = gevent.getcurrent()
        self._seen: ClusterState | None = None
        for module in (steps, servers):
            monkeypatch.setattr(module, "time", self)
        monkeypatch.setattr(hosts, "look", self.look)
        for module in (brokers, files, taking_back):
            monkeypatch.setattr(module, "look", self.look)
        monkeypatch.setattr(hosts, "_run", self.run)
        monkeypatch.setattr(deploying, "changes", self.changes)
        monkeypatch.setattr(deploying, "deployed", self.deployed)
        monkeypatch.setattr(leftover, "seen", lambda _: self.state())

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        # Nothing comes by waiting here: it may pass sooner.
        self.now += 20 * seconds

    def healed(self) -> None:
        """Whoever looks now reaches every host."""
        self.at, self.gone, self._seen = 0, "", None

    # What goes wrong.

    def _call(self, name: str, work: Callable[[], Any]) -> Any:
        self.calls += 1
        way = self.way
        if self.gone in (name, "*"):
            raise way.raised(name)
        if self.calls != self.at:
            return work()
        if way.lasting:
            self.gone = "*" if isinstance(way.raised(name), Killed) else name
        if way.done:
            work()
            self._seen = None
        error = way.raised(name)
        if isinstance(error, Exception) or gevent.getcurrent() is self.here:
            raise error
        # It comes to who carries the steps out, wherever that waits.
        gevent.get_hub().loop.run_callback(self.here.throw, error)
        gevent.sleep(3600)
        return None

    # What is asked.

    def look(self, name: str, fact: type, *, within: int = 0, **given: Any) -> Any:
        return self._call(name, lambda: self._said(name, fact, given))

    def _said(self, name: str, fact: type[object], given: dict[str, Any]) -> Any:
        state = self.state()
        if fact is Services:
            return {one: self._numbered(name, ServiceState(one, "active", "running", True)) for one in given["units"]}
        if fact is FileStates:
            found = self.files.get(name, {})
            return {path: (found[path], "0644", "root", "root") for path in given["paths"] if path in found}
        if fact is UserDatabases:
            return ()
        layers = {
            HaproxyStat: state[HAPROXY_STAT], WsrepStatus: state[WSREP_STATUS], RabbitCluster: state[RABBIT_CLUSTER],
            VrrpOwner: state[VRRP_OWNER], CrmMon: state[CRM_MON],
        }  # fmt: skip
        return layers[fact][name]

    def state(self) -> ClusterState:
        """What is so. Kept until something is done."""
        if self._seen is None:
            self._seen = self._state() if self.starts is None else self._with_starts(self._state())
        return self._seen

    def _state(self) -> ClusterState:
        keepalived = unit("keepalived.service")
        up = [name for name in DATABASES if name not in self.down]
        crm = replace(
            CRM,
            nodes=tuple(replace(one, standby=one.name in self.standby) for one in CRM.nodes),
            resources=(replace(CRM.resources[0], nodes=(self.resource,)),),
            bans=tuple(sorted(self.bans)),
        )  # fmt: skip
        runs = tuple(name for name in MEMBERS if name.partition("@")[2] not in self.down)
        return HEALTHY.having({HAPROXY_STAT: {one: proxy(self.stuck[one], self._statuses(one)) for one in BALANCERS},
            VRRP_OWNER: {
                one: VipNode({VIP: "host0"} if one == self.owner else {}, keepalived, away=one in self.away)
                for one in BALANCERS
            },
            WSREP_STATUS: {
                one: replace(
                    GALERA, size=len(up), running=one in up,
                    service=unit("mariadb.service", "active" if one in up else "failed", restart_due=self._due(one)),
                )
                for one in DATABASES
            },
            RABBIT_CLUSTER: {
                one: replace(
                    BROKER,
                    name=f"rabbit@{one}",
                    running=not {one} & (self.down | self.drained),
                    draining=one in self.marked,
                    running_members=runs,
                    service=unit("rabbitmq-server.service", "failed" if one in self.down else "active"),
                )
                for one in CONTROLLERS
            },
            CRM_MON: dict.fromkeys(CONTROLLERS, crm),
            CONTROLLERS_VIP: {
                one: VipNode({CONTROLLER_VIP: "host0"} if one == self.resource else {}) for one in CONTROLLERS
            },
        })  # fmt: skip

    def _with_starts(self, state: ClusterState) -> ClusterState:
        for layer in state.seen:
            records = dict(state.seen[layer])
            for name, record in records.items():
                units = {one.name: getattr(record, one.name) for one in fields(record)}
                told = {
                    key: self._numbered(name, unit_) for key, unit_ in units.items() if isinstance(unit_, ServiceState)
                }
                records[name] = replace(record, **told)
            state = state.having({layer: records})
        return state

    def _numbered(self, name: str, service: ServiceState) -> ServiceState:
        if self.starts is None:
            return service
        return replace(service, started=f"{name}, start {self.starts[name, service.unit]}")

    def started_anew(self, name: str, unit_: str) -> None:
        """Whoever it is that does it."""
        if self.starts is not None:
            self.starts[name, unit_] += 1
            self._seen = None

    def _due(self, name: str) -> bool:
        return self.runs_with[name] != self.files[name][SETTINGS]

    def _statuses(self, balancer: str) -> dict[str, str]:
        words = {"maint": "MAINT", "drain": "DRAIN"}
        found = {}
        for name, kept in self.servers[balancer].items():
            serves = name not in self.down | self.drained
            found[name] = words.get(kept, "UP" if serves else "DOWN")
        return found

    # A deploy of the database's settings, as deploy/galera.py does it.

    def changes(self, _cluster: Cluster, _layers: Sequence[str]) -> list[Change]:
        differing = [name for name in DATABASES if self.files[name][SETTINGS] != self.wanted]
        what, unit_ = f"write {SETTINGS}", "mariadb.service"
        return [Change("galera", name, what, unit=unit_, path=SETTINGS) for name in differing]

    def deployed(self, cluster: Cluster, _layer: str, names: Sequence[str]) -> None:
        hosts_ = {name: cluster.address(name) for name in DATABASES}
        for name in names:
            self._call(name, partial(self._write, name))
            if name in self.down:
                join(DATABASES, name)
            else:
                taken(restarted_now(hosts_, 3, BALANCERS, VIP, name))

    def _write(self, name: str) -> None:
        self._seen = None
        if self.files[name][SETTINGS] != self.wanted:
            self.files[name] = {f"{SETTINGS}.hatui-old": self.files[name][SETTINGS], SETTINGS: self.wanted}

    # What is told.

    def run(self, name: str, command: str, **_: Any) -> tuple[bool, CommandOutput]:
        said = self._call(name, lambda: self._told(name, command))
        self._seen = None
        failed = said.startswith("!")
        stream = "stderr" if failed else "stdout"
        return not failed, CommandOutput([OutputLine(stream, line) for line in said.removeprefix("!").splitlines()])

    def _told(self, name: str, command: str) -> str:
        for started in re.findall(r"systemctl (?:re)?start (?:--no-block )?([\w.-]+)", command):
            self.started_anew(name, started)
        if found := re.match(r"echo 'set server \w+/(\w+) state (\w+)'", command):
            self.servers[name][found[1]] = found[2]
        elif "show table galera" in command:
            ids = "".join(f"1 galera {number} {one} x\n" for number, one in enumerate(DATABASES))
            return f"0x1: key={VIP} use=0\n{ids}"
        elif "show table" in command:
            return ""
        elif found := re.search(r"clear table galera;set table galera key \S+ data.server_id (\d)", command):
            self.stuck[name] = DATABASES[int(found[1])]
        elif "show stat -1 4 -1" in command or "shutdown sessions" in command:
            return ""
        elif f">{VIP_NEXT_FILE}" in command:
            (self.raised.add if "echo 254" in command else self.raised.discard)(name)
        elif f"echo 1 >{VIP_AWAY_FILE}" in command:
            self._away(name, on=True)
        elif f"echo 0 >{VIP_AWAY_FILE}" in command:
            self._away(name, on=False)
        elif "rabbitmq-upgrade -q drain" in command:
            self.marked.add(name)
            self.drained.add(name)
        elif "rabbitmq-upgrade -q revive" in command or command == f"rm -f {BROKER_DRAINED_FILE}":
            self.marked.discard(name)
            self.drained -= {name} if "revive" in command else set()
        elif "is-quorum-critical" in command:
            return '{"status":"ok"}'
        elif re.search(r"systemctl restart (mariadb|rabbitmq)", command):
            self.drained.discard(name)
            self.marked.discard(name)
            self.down.discard(name)
            if name in DATABASES:
                self.runs_with[name] = self.files[name][SETTINGS]
                if self.runs_with[name] == "bad":
                    self.down.add(name)
                    return "![ERROR] Can't create/write to file '/nonexistent/x'"
        elif "/dev/tcp/" in command:
            return "01"
        elif found := re.match(r"crm_standby -N (\S+) (-v on|-D)", command):
            (self.standby.add if "on" in found[2] else self.standby.discard)(found[1])
            self._place()
        elif found := re.match(r"crm_resource --resource (\S+) --move --node (\S+)", command):
            self.bans, self.resource = {f"cli-prefer-{found[1]}"}, found[2]
        elif "crm_resource --resource" in command:
            self.bans = set()
        elif found := re.search(r"cp -a -- (\S+)\.hatui-old", command):
            self.files[name][found[1]] = self.files[name][f"{found[1]}.hatui-old"]
        return ""

    def _away(self, name: str, *, on: bool) -> None:
        (self.away.add if on else self.away.discard)(name)
        if self.owner in self.away or not self.owner:
            ready = [one for one in BALANCERS if one not in self.away]
            self.owner = next((one for one in ready if one in self.raised), next(iter(ready), ""))

    def _place(self) -> None:
        if self.resource in self.standby:
            self.resource = next(name for name in CONTROLLERS if name not in self.standby)

    # What is left.

    def out_of_service(self) -> set[str]:
        """The hosts that somebody took out of service, as a whole or in part."""
        kept = {name for found in self.servers.values() for name, state in found.items() if state != "ready"}
        return kept | self.away | self.marked | self.drained | self.standby

    def places(self) -> tuple[object, ...]:
        """Where the VIP, the writer and the resource are."""
        return self.owner, dict(self.stuck), self.resource
