"""What a broker's management API says, answer by answer: what one lacks, or has otherwise, costs that alone.

Source: https://www.rabbitmq.com/docs/http-api-reference; `/health/checks` is there since 3.8.10.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.number import whole_or
from cluster.rabbitmq.record import QUEUES_UNTOLD, BrokerNode, BrokerQueue
from cluster.text import clean

MOST = 100
"""Queues that are told of: those with most messages."""
MEMBERS = 64

SILENT = "000"
"""How curl writes that no answer came (in time)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its HTTP status in three digits, and its body."""

    code: str = SILENT
    body: str = ""

    def read(self, *codes: str) -> Any:
        """The JSON of an answer with one of `codes`; None where it can't be read, or is none."""
        if self.code not in codes:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def answering(filed: BrokerNode, answers: list[Answer], *, cut: bool) -> BrokerNode | None:
    """The record of a broker that answered: its own check, the members, the overview, the queues, in this order.

    `filed` has what its files say. With `cut`, something was said after the last whole answer. None: nothing that was
    said can be read.
    """
    own, shared, overview, listed = (*answers, *[Answer()] * 4)[:4]
    checked, nodes, over = _checked(own.read("200", "503")), _nodes(shared.read("200")), overview.read("200")
    if checked is None and nodes is None:
        return None
    over = over if isinstance(over, dict) else {}
    untold: list[str] = []
    members, running = filed.members, filed.running_members
    parted: Mapping[str, tuple[str, ...]] = {}
    name = filed.name
    if nodes is not None:
        name = _own_name(filed.name, tuple(nodes), str(over.get("node", "")))
        members = tuple(sorted(nodes))
        running = tuple(sorted(member for member, node in nodes.items() if node.get("running") is True))
        parted = {member: names for member, node in nodes.items() if (names := names_of(node.get("partitions")))}
        untold += [f"running of {member}" for member, node in nodes.items() if type(node.get("running")) is not bool]
        if name not in nodes:
            untold.append(f"which of {', '.join(members)} it is")
    elif shared.code != SILENT:
        untold.append(f"its members (HTTP {shared.code})")
    if checked is not None:
        alarms = _alarms(checked)
    else:
        alarms = _alarms_of(nodes or {}, name)
        if own.code != "404" and not _tells_alarms(nodes or {}, name):
            untold.append(f"its alarms (HTTP {own.code})")
    items = _items(listed.read("200"))
    if cut or (items is None and len(answers) > 3 and listed.code != SILENT) or (not over and overview.code != SILENT):
        # How many there are is in the overview, and only who has some is asked for them.
        untold.append(QUEUES_UNTOLD)
    totals = over.get("object_totals")
    return BrokerNode(
        name=name,
        running=True,
        members=members,
        running_members=running,
        partitions=parted.get(name, ()),
        parted=parted,
        alarms=alarms,
        version=clean(str(over.get("rabbitmq_version", "")), 20),
        service=filed.service,
        queues=tuple(map(_queue, items or ())),
        queues_total=whole_or(0, totals.get("queues")) if isinstance(totals, dict) else 0,
        untold=tuple(untold),
    )


def _nodes(body: Any) -> dict[str, dict[str, Any]] | None:
    """The members by name; None where none can be read."""
    if not isinstance(body, list):
        return None
    found = [node for node in body[:MEMBERS] if isinstance(node, dict)]
    if not found or any(not isinstance(node.get("name"), str) for node in found) or len(found) < len(body[:MEMBERS]):
        return None
    return {clean(node["name"], 80): node for node in found}


def _own_name(guess: str, members: tuple[str, ...], said: str) -> str:
    """The API's own name of the broker that answered.

    `uname -n` is only a guess: a broker with long names is called NAME@HOST.DOMAIN.
    """
    if said in members:
        return said
    if guess in members:
        return guess
    alike = [member for member in members if _host(member) == _host(guess)]
    return alike[0] if len(alike) == 1 else members[0] if len(members) == 1 else guess


def _host(name: str) -> str:
    return name.partition("@")[2].partition(".")[0]


def _checked(body: Any) -> Mapping[str, Any] | None:
    """The answer of the broker's own check; None where it is none."""
    return body if isinstance(body, dict) and "status" in body else None


def _alarms(checked: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that the broker's own check names."""
    if checked.get("status") == "ok":
        return ()
    alarms = checked.get("alarms")
    resources = (
        [alarm.get("resource", "?") for alarm in alarms if isinstance(alarm, dict)] if isinstance(alarms, list) else []
    )
    return names_of(resources) or (clean(str(checked.get("reason", "unnamed")), 80),)


def _tells_alarms(nodes: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    return isinstance(nodes.get(name, {}).get("mem_alarm"), bool)


def _alarms_of(nodes: Mapping[str, Mapping[str, Any]], name: str) -> tuple[str, ...]:
    """Those of a broker that has no such check, from the list of members."""
    own = nodes.get(name, {})
    return tuple(word for word, key in (("disk", "disk_free_alarm"), ("memory", "mem_alarm")) if own.get(key) is True)


def _items(body: Any) -> list[dict[str, Any]] | None:
    items = body.get("items") if isinstance(body, dict) else None
    return [item for item in items if isinstance(item, dict)][:MOST] if isinstance(items, list) else None


def _queue(item: Mapping[str, Any]) -> BrokerQueue:
    """What is new, or loses its leader just now, lacks some of it."""
    return BrokerQueue(
        vhost=clean(str(item.get("vhost", "")), 60),
        name=clean(str(item.get("name", "")), 100),
        kind=clean(str(item.get("type", "")), 20),
        leader=clean(str(item.get("leader") or item.get("node") or ""), 80),
        online=names_of(item.get("online")),
        messages=whole_or(0, item.get("messages")),
        consumers=whole_or(0, item.get("consumers")),
        members=names_of(item.get("members")),
        state=clean(str(item.get("state") or ""), 20),
    )


def names_of(items: object) -> tuple[str, ...]:
    """Names of brokers, in order; none where there is no list of them."""
    found: Iterable[object] = items if isinstance(items, (list, tuple)) else ()
    return tuple(sorted(clean(str(item), 80) for item in found))[:MEMBERS]
