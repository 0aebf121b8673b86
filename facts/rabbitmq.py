"""RabbitMQ on this host: what its management API says on loopback, or what its files say when it is silent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole_or
from cluster.state import BrokerNode, BrokerQueue, Unknown
from cluster.text import clean
from cluster.wiring import BROKER_DRAINED_FILE, BROKER_QUEUES, RABBITMQ_MANAGEMENT_PORT
from facts.base import parse_services, services_command, unreadable
from facts.signs import Signs

UNIT = "rabbitmq-server.service"
EPMD_SOCKET = "epmd.socket"
CONFIG = "/etc/rabbitmq/rabbitmq.conf"
ENVIRONMENT = "/etc/rabbitmq/rabbitmq-env.conf"
PLUGINS = "/etc/rabbitmq/enabled_plugins"
STAMPED = (CONFIG, ENVIRONMENT, PLUGINS)
"""What a broker reads at its start, and only then."""
DEFINITIONS = "/etc/rabbitmq/hatui-definitions.json"
COOKIE = "/var/lib/rabbitmq/.erlang.cookie"
DATA = "/var/lib/rabbitmq/mnesia"
# The members, and those that run, as the broker knows them (rabbit_node_monitor).
SIGNS = Signs(units=(UNIT,), files=(*STAMPED, f"{DATA}/rabbit@*/cluster_nodes.config"))
WATCH_LOGIN = "/etc/hatui/rabbitmq-watch.curl"
"""The watch account's name and password as curl's configuration (curl(1), --config), mode 0600."""
API = f"http://127.0.0.1:{RABBITMQ_MANAGEMENT_PORT}/api"

MEND_PROGRAM = "/usr/local/lib/hatui/rabbitmq_mend.py"
MEND_TIMER = "hatui-rabbitmq-mend.timer"
"""Starts what restarts a broker that is parted from the majority."""

_OWN = f"{API}/health/checks/local-alarms"
"""Answered from what this broker has itself."""
_SHARED = (
    f"{API}/nodes?columns=name,running,partitions",
    f"{API}/overview?columns=rabbitmq_version,object_totals.queues",
)
"""These ask every member: one that is frozen holds them up until the tick time has passed."""
_MOST = 100
"""Queues that are told of: those with most messages."""
# With more than BROKER_QUEUES they are only counted. To put them in order each broker asks all others, which takes them
# all some 0.1 ms of processor time a queue; no one may ask for all, since a drained one is silent and no other says
# that it is.
_QUEUES = (
    f"{API}/queues?columns=vhost,name,type,leader,node,online,messages,consumers"
    f"&sort=messages&sort_reverse=true&page=1&page_size={_MOST}"
)
_LARGEST = 200_000
_MEMBERS = 64


def rabbit_command() -> str:
    """A shell command whose output `parse_rabbit_cluster` reads. Takes at most 3.1 s, some 40 ms else."""
    asked = f"-sSN -K {WATCH_LOGIN} -w '\\nHttp=%{{http_code}}\\n'"
    shared = " ".join(f"'{url}'" for url in _SHARED)
    counted = "count=${said##*'\"queues\":'}; count=${count%%[!0-9]*}"
    return "; ".join(
        [
            "self=rabbit@$(uname -n | cut -d. -f1)",
            'echo "Self=$self"',
            f"said=$(curl -q --fail-early -m 1 {asked} {_OWN} --next -m 0.8 {asked} {shared} 2>/dev/null "
            f"| head -c {_LARGEST})",
            'printf "%s\\n" "$said"',
            counted,
            f'[ "${{count:-0}}" -eq 0 ] || [ "$count" -gt {BROKER_QUEUES} ] '
            f"|| curl -q -m 0.5 {asked} '{_QUEUES}' 2>/dev/null | head -c {_LARGEST}",
            "echo; echo End=",
            # {[members],[those that ran when it last knew]}. of rabbit_node_monitor.
            f"printf 'File='; cat {DATA}/$self/cluster_nodes.config 2>/dev/null | tr -d ' \\n' | head -c 4000; echo",
            f"[ -e {DATA}/$self/schema.DAT ] && echo Data=yes",
            f"[ -e {BROKER_DRAINED_FILE} ] && echo Drained=yes",
            services_command({UNIT: STAMPED}),
        ]
    )


def parse_rabbit_cluster(text: str) -> BrokerNode | Unknown:
    """The broker's record from the output of `rabbit_command`, or why it can't be told."""
    try:
        return _parse(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return unreadable(error, clean(text))


def _parse(text: str) -> BrokerNode | Unknown:
    said, mark, rest = text.partition("\nEnd=")
    if not mark:
        raise ValueError("the answer breaks off")
    first, _, said = said.partition("\n")
    name = clean(first.removeprefix("Self="), 80)
    known = dict(line.split("=", 1) for line in rest.splitlines() if line.startswith(("File=", "Data=", "Drained=")))
    service = parse_services(rest).get(UNIT)
    members, running_members = _filed(known.get("File", ""))
    if not members and known.get("Data"):
        # It has data, and nothing says with whom.
        members = (name,)
    *answers, _ = re.split(r"^Http=(\d{3})$", said, flags=re.MULTILINE)
    codes = answers[1::2]
    if codes and codes[0] == "401":
        return Unknown("its management API refuses the watch account's password: run the deploy again")
    if not codes or codes[0] not in ("200", "503"):
        # What was marked before a restart is over: a broker begins to serve.
        draining = "Drained" in known and service is not None and service.active == "active"
        return BrokerNode(
            name=name,
            running=False,
            members=members,
            running_members=running_members,
            draining=draining,
            service=service,
        )
    bodies = [
        json.loads(body) if code in ("200", "503") else None for body, code in zip(answers[::2], codes, strict=True)
    ]
    partitions: tuple[str, ...] = ()
    if len(bodies) > 1 and isinstance(bodies[1], list):
        nodes = {clean(str(node["name"]), 80): node for node in bodies[1][:_MEMBERS]}
        members = tuple(sorted(nodes))
        running_members = tuple(sorted(member for member, node in nodes.items() if node["running"] is True))
        partitions = _names(nodes.get(name, {}).get("partitions") or [])
    version = bodies[2].get("rabbitmq_version", "") if len(bodies) > 2 and isinstance(bodies[2], dict) else ""
    totals = bodies[2].get("object_totals") if len(bodies) > 2 and isinstance(bodies[2], dict) else None
    return BrokerNode(
        name=name,
        running=True,
        members=members,
        running_members=running_members,
        partitions=partitions,
        alarms=_alarms(bodies[0]),
        version=clean(str(version), 20),
        service=service,
        queues=_queues(bodies[3]) if len(bodies) > 3 else (),
        queues_total=whole_or(0, totals.get("queues")) if isinstance(totals, dict) else 0,
    )


def _queues(body: Any) -> tuple[BrokerQueue, ...]:
    """Those of an answer. None where it can't be read: the broker runs all the same."""
    items = body.get("items") if isinstance(body, dict) else None
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return tuple(map(_queue, found[:_MOST]))


def _queue(item: dict[str, Any]) -> BrokerQueue:
    """What is new, or loses its leader just now, lacks some of it."""
    online = item.get("online")
    return BrokerQueue(
        vhost=clean(str(item.get("vhost", "")), 60),
        name=clean(str(item.get("name", "")), 100),
        kind=clean(str(item.get("type", "")), 20),
        leader=clean(str(item.get("leader") or item.get("node") or ""), 80),
        online=_names(online) if isinstance(online, list) else (),
        messages=whole_or(0, item.get("messages")),
        consumers=whole_or(0, item.get("consumers")),
    )


def _names(items: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted(clean(str(item), 80) for item in items))[:_MEMBERS]


def _filed(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Members, and those that ran, of cluster_nodes.config, an Erlang term; empty where there is none."""
    found = re.fullmatch(r"\{\[([^\]]*)\],\[([^\]]*)\]\}\.", text)
    if not found:
        return (), ()
    members, ran = (_names(name.strip("'") for name in part.split(",") if name) for part in found.groups())
    return members, ran


def _alarms(body: Any) -> tuple[str, ...]:
    if not isinstance(body, dict) or body.get("status") == "ok":
        return ()
    alarms = body.get("alarms")
    named = _names(alarm.get("resource", "?") for alarm in alarms) if isinstance(alarms, list) else ()
    return named or (clean(str(body.get("reason", "unnamed")), 80),)


class RabbitCluster(FactBase[BrokerNode | Unknown]):
    """This host's broker: itself, the members it knows, partitions and alarms. No Erlang VM is started for it."""

    @override
    def command(self) -> str:
        return rabbit_command()

    @override
    def process(self, output: Iterable[str]) -> BrokerNode | Unknown:
        return parse_rabbit_cluster("\n".join(output))
