"""The simulated cluster after an outage, in which a recovery brings the database or the brokers back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from typing_extensions import override

from cluster.galera.names import STATE_FILE
from cluster.galera.record import WSREP_STATUS, GaleraNode
from cluster.galera.recovery_record import GaleraPosition
from cluster.rabbitmq.record import RABBIT_CLUSTER
from cluster.state import ClusterState, Unknown
from facts.galera_recovery import TablespacePosition, TableSums
from operations import galera_recovery
from tests.unit.simulated import World
from tests.unit.test_health import BROKER, CONTROLLERS, DATABASES, MEMBERS, unit


@dataclass
class Outage:
    """What is so before anybody does anything about it."""

    down: tuple[str, ...]
    trying: tuple[str, ...] = ()
    """Of the databases that are down: those whose server is started again and again."""
    alone: tuple[str, ...] = ()
    """Databases whose server runs outside of a Primary component."""
    waiting: tuple[str, ...] = ()
    """Brokers that are being started, and wait for the others."""
    seqnos: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DATABASES, 7))


class Dark(World):
    """What World knows, and how the database and the brokers come up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, outage: Outage) -> None:
        super().__init__(monkeypatch)
        self.down = set(outage.down)
        self.trying = set(outage.trying)
        self.alone = set(outage.alone)
        self.waiting = set(outage.waiting)
        self.seqnos = dict(outage.seqnos)
        self.aside: set[str] = set()
        self.forced: set[str] = set()
        self.founded: list[str] = []
        """Where a Primary component was made, each time."""

    @property
    def primary(self) -> list[str]:
        return [name for name in DATABASES if name not in self.down | self.alone]

    def whole(self) -> bool:
        return not self.down and not self.alone and not self.aside

    def as_it_is(self) -> tuple[object, ...]:
        """All that a recovery changes."""
        sets = (self.down, self.trying, self.alone, self.waiting, self.aside, self.forced)
        return (*map(frozenset, sets), tuple(self.founded))

    @override
    def healed(self) -> None:
        super().healed()
        # Whoever is started again and again finds a Primary component by itself once there is one.
        if self.primary:
            self.down -= self.trying
            self.trying.clear()

    @override
    def _state(self) -> ClusterState:
        state = super()._state()
        galera = {name: self._database(name, node) for name, node in state[WSREP_STATUS].items()}
        runs = tuple(name for name in MEMBERS if name.partition("@")[2] not in self.down)
        brokers = {
            name: replace(
                BROKER,
                name=f"rabbit@{name}",
                running=name not in self.down,
                running_members=runs or MEMBERS,
                service=unit("rabbitmq-server.service", self._unit_of(name)),
            )
            for name in CONTROLLERS
        }
        return state.having({WSREP_STATUS: galera, RABBIT_CLUSTER: brokers})

    def _unit_of(self, broker: str) -> str:
        return "activating" if broker in self.waiting else "failed" if broker in self.down else "active"

    def _database(self, name: str, node: GaleraNode | Unknown) -> GaleraNode:
        assert isinstance(node, GaleraNode)
        seqno = self.seqnos[name]
        if name in self.alone:
            return replace(node, size=1, conf_id=-1, cluster_status="non-Primary", state="Initialized", ready=False)
        if name not in self.down:
            return replace(node, size=len(self.primary), seqno=max(self.seqnos.values()))
        service = unit("mariadb.service", "failed")
        if name in self.trying:
            service = replace(service, active="activating", sub="auto-restart")
        return replace(node, running=False, seqno=-1, cluster_status="", service=service, uuid="u" if seqno else "")

    @override
    def _said(self, name: str, fact: type[object], given: dict[str, Any]) -> Any:
        if fact is TablespacePosition:
            if name not in self.down:
                return Unknown("its server runs", alive=True)
            return GaleraPosition("u", self.seqnos[name], None if name in self.aside else "u", -1)
        if fact is TableSums:
            return {"shop.orders": "1"}
        return super()._said(name, fact, given)

    @override
    def _told(self, name: str, command: str) -> str:
        if galera_recovery._BOOTSTRAP in command or "pc.bootstrap=YES" in command:
            self.founded.append(name)
            self.down.discard(name)
            self.trying.discard(name)
            self.alone.discard(name)
        elif "systemctl --no-block stop mariadb" in command:
            self.trying.discard(name)
        elif "systemctl --no-block start mariadb" in command:
            self.trying.add(name)
        elif f"mv -f {STATE_FILE} " in command:
            self.aside.add(name)
        elif f"mv -f {galera_recovery._ASIDE} " in command:
            self.aside.discard(name)
        elif "systemctl restart mariadb" in command:
            if not self.primary:
                self.trying.add(name)
                return "!it finds no Primary component"
            self.trying.discard(name)
            self.aside.discard(name)
            self.seqnos[name] = self.seqnos[self.primary[0]]
            return super()._told(name, command)
        elif "rabbitmqctl -q force_boot" in command:
            self.forced.add(name)
        elif "systemctl --no-block stop rabbitmq" in command:
            self.waiting.discard(name)
        elif "start --no-block rabbitmq" in command or "--no-block start rabbitmq" in command:
            self.waiting.add(name)
            self._boot()
        else:
            return super()._told(name, command)
        return ""

    def _boot(self) -> None:
        """Who waits runs once all are there, or one that does not wait, or runs already."""
        down = self.down & set(CONTROLLERS)
        if self.waiting >= down or self.waiting & self.forced or down != set(CONTROLLERS):
            self.down -= self.waiting
            self.forced -= self.waiting
            self.waiting.clear()
