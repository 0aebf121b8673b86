"""RabbitMQ on this host: what its management API says on loopback, or what its files say when it is silent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.rabbitmq.names import (
    BROKER_DRAINED_FILE,
    BROKER_QUEUES,
    DATA,
    RABBITMQ_MANAGEMENT_PORT,
    STAMPED,
    UNIT,
    WATCH_LOGIN,
)
from cluster.rabbitmq.record import RABBIT_CLUSTER, BrokerNode
from cluster.state import Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.hints import Hints
from facts.rabbitmq_api import MOST, SILENT, Answer, answering, names_of

# The members, and those that run, as the broker knows them (rabbit_node_monitor).
HINTS = Hints(units=(UNIT,), files=(*STAMPED, f"{DATA}/rabbit@*/cluster_nodes.config"))
API = f"http://127.0.0.1:{RABBITMQ_MANAGEMENT_PORT}/api"


_OWN = f"{API}/health/checks/local-alarms"
"""Answered from what this broker has itself. Before RabbitMQ 3.8.10 there is none: then the members' list has its
alarms."""
_SHARED = (
    f"{API}/nodes?columns=name,running,partitions,mem_alarm,disk_free_alarm",
    f"{API}/overview?columns=rabbitmq_version,node,object_totals.queues",
)
"""These ask every member: one that is frozen holds them up until the tick time has passed."""
# With more than BROKER_QUEUES they are only counted. To put them in order each broker asks all others, which takes them
# all some 0.1 ms of processor time a queue; no one may ask for all, since a drained one is silent and no other says
# that it is.
_QUEUES = (
    f"{API}/queues?columns=vhost,name,type,state,leader,node,members,online,messages,consumers"
    f"&sort=messages&sort_reverse=true&page=1&page_size={MOST}"
)
_LARGEST = 200_000
_AMQP = f"{5672:04X}"
"""The port that clients come to, as /proc/net/tcp has it; 0A there is LISTEN."""


def rabbit_command() -> str:
    """A shell command whose output `parse_rabbit_cluster` reads. Takes at most 3.1 s, some 40 ms else."""
    asked = f"-sSN -K {WATCH_LOGIN} -w '\\nHttp=%{{http_code}}\\n'"
    shared = " ".join(f"'{url}'" for url in _SHARED)
    counted = "count=${said##*'\"queues\":'}; count=${count%%[!0-9]*}"
    return "; ".join(
        [
            "self=rabbit@$(uname -n | cut -d. -f1)",
            'echo "Self=$self"',
            f"said=$({{ curl -q --fail-early -m 1 {asked} {_OWN} --next -m 0.8 {asked} {shared} 2>/dev/null; "
            f'echo "Curl=$?"; }} | head -c {_LARGEST})',
            'printf "%s\\n" "$said"',
            counted,
            f'[ "${{count:-0}}" -eq 0 ] || [ "$count" -gt {BROKER_QUEUES} ] '
            f"|| curl -q -m 0.5 {asked} '{_QUEUES}' 2>/dev/null | head -c {_LARGEST}",
            "echo; echo End=",
            # What proves that one which says nothing is down, or is not: looked for only then.
            'case "$said" in *Http=[1-9]*) ;; *) echo "Processes=$(pidof beam.smp | wc -w)"; '
            f"grep -qs ':{_AMQP} [0-9A-F]*:[0-9A-F]* 0A' /proc/net/tcp /proc/net/tcp6 && echo Amqp=yes;; esac",
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
    if not first.startswith("Self="):
        raise ValueError("its name is missing")
    name = clean(first.removeprefix("Self="), 80)
    keys = ("File=", "Data=", "Drained=", "Processes=", "Amqp=")
    known = dict(line.split("=", 1) for line in rest.splitlines() if line.startswith(keys))
    service = parse_services(rest).get(UNIT)
    members, running_members = _filed(known.get("File", ""))
    if not members and known.get("Data"):
        # It has data, and nothing says with whom.
        members = (name,)
    filed = BrokerNode(name, running=False, members=members, running_members=running_members, service=service)
    curl = re.search(r"^Curl=(\d{1,3})$", said, re.MULTILINE)
    *parts, last = re.split(r"^Http=(\d{3})$", said.replace(curl.group(), "") if curl else said, flags=re.MULTILINE)
    answers = [Answer(code, body) for body, code in zip(parts[::2], parts[1::2], strict=True)]
    if answers and answers[0].code in ("401", "403"):
        reason = "its management API refuses the watch account's password: run the deploy again"
        return Unknown(reason, alive=True)
    if answers and answers[0].code != SILENT:
        found = answering(filed, answers, cut=bool(last.strip()))
        return found or Unknown(
            f"its management API can't be read (HTTP {answers[0].code}): {_shown(answers)}", alive=True
        )
    if last.strip() or any(answer.body.strip() for answer in answers):
        raise ValueError("the answer breaks off")
    return _silent(filed, known, asked=bool(answers), curl=int(curl.group(1)) if curl else None)


def _shown(answers: list[Answer]) -> str:
    return repr(clean(answers[0].body, 80))


def _silent(filed: BrokerNode, known: dict[str, str], *, asked: bool, curl: int | None) -> BrokerNode | Unknown:
    """What is known of a broker whose API gave no answer: down only if its unit has ended and no process is seen."""
    service = filed.service
    up = service is not None and service.active in ("active", "reloading", "deactivating", "refreshing")
    if service is None or (not up and service.active not in ("inactive", "failed", "activating", "maintenance")):
        processes = known.get("Processes", "0") != "0"
        return Unknown(f"whether its broker runs was not told ({UNIT})", alive=processes)
    if "Drained" in known and service.active == "active":
        # What was marked before a restart is over: a broker begins to serve.
        return replace(filed, draining=True)
    if not up:
        if service.active in ("inactive", "failed") and known.get("Processes", "0") != "0":
            return Unknown(
                f"a broker's process (beam.smp) is there without {UNIT}, and {_why(asked=asked, curl=curl)}", alive=True
            )
        return filed
    if not asked or curl in (2, 26, 127):
        return Unknown(f"its unit is {service.active}, and {_why(asked=asked, curl=curl)}", alive=True)
    if known.get("Amqp") == "yes" and curl == 7:
        return Unknown(
            f"its unit is active and clients are listened to, but its management API refuses connections ({API})",
            alive=True,
        )
    return filed


def _why(*, asked: bool, curl: int | None) -> str:
    if curl == 127:
        return "there is no `curl` on it to ask its management API with"
    if curl == 26 or not asked:
        return f"its management API could not be asked: there is no login to ask with ({WATCH_LOGIN})" + (
            "" if curl == 26 else ", or no `curl`"
        )
    return f"its management API does not answer ({API})"


def _filed(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Members, and those that ran, of cluster_nodes.config, an Erlang term; empty where there is none."""
    found = re.fullmatch(r"\{\[([^\]]*)\],\[([^\]]*)\]\}\.", text)
    if not found:
        return (), ()
    members, ran = (names_of([name.strip("'") for name in part.split(",") if name]) for part in found.groups())
    return members, ran


class RabbitCluster(FactBase[BrokerNode | Unknown]):
    """This host's broker: itself, the members it knows, partitions and alarms. No Erlang VM is started for it."""

    @override
    def command(self) -> str:
        return rabbit_command()

    @override
    def process(self, output: Iterable[str]) -> BrokerNode | Unknown:
        return parse_rabbit_cluster("\n".join(output))


FACTS = {RABBIT_CLUSTER.name: (RabbitCluster(), HINTS)}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
