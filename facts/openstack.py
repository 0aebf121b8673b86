"""A service of OpenStack on this host: its units, whether its API answers, and what a call that proves it brings."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import ClassVar

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import real, whole
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.record import LIMIT, PATIENCE, Answer, ApiNode
from cluster.openstack.retired import RETIRED
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import BY_NAME
from cluster.releases import ONLY_IN
from cluster.state import Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.hints import Hints
from facts.openstack_parts import parts_of

ASK_PROGRAM = "/usr/local/lib/hatui/ask-openstack"
"""Makes a call with the token of who watches (deploy/files/ask_openstack.sh)."""
RECORDS_PROGRAM = "/usr/local/lib/hatui/openstack-records"
"""Reads a service's own records of its parts from its database (deploy/files/openstack_records.py)."""
_ASKED = f"curl -qs -m {PATIENCE} -o /dev/null -w '%{{http_code}}' -K"
"""curl(1) tells of a call that got no answer by the status 000."""
_MISSING = 127
"""The shell's exit code for a program that is not there."""
_UNREADABLE = 26
"""curl's for a file that it could not read (libcurl-errors(3))."""
_NO_TOKEN, _WAITING = "no-token", "waiting"
"""What that program says instead of an answer."""


class ApiAnswers(FactBase[ApiNode | Unknown]):
    """One a look, of its own host's. Each service has its own kind of it (`answers`)."""

    service: ClassVar[OpenstackService]

    @override
    def command(self) -> str:
        mine = self.service
        # Keystone is asked for a token; all others with one.
        proof = f"{ASK_PROGRAM} {PATIENCE} {LIMIT} {mine.call_file}{' without' if mine is KEYSTONE else ''}"
        asked = {f"Health {api.name}": f"{_ASKED} {api.health_file}" for api in mine.apis} | {"Call": proof}
        if mine.lone:
            asked["Records"] = f"[ ! -e {mine.records_file} ] || timeout 3 {RECORDS_PROGRAM} {mine.records_file}"
        old = [f"{name}.service" for name, one in RETIRED.items() if one.service == mine.name]
        units = services_command({unit: mine.files(unit) for unit in mine.units} | dict.fromkeys(old, ()))
        if mine.lone:
            # Where hatui has nothing to do with it, whatever runs there is another's.
            lone = services_command({mine.lone.unit: mine.files(mine.lone.unit)})
            units += f"; echo; if [ -e {mine.records_file} ]; then {lone}; fi"
        # Side by side: a host has 4 s for all that it is asked.
        beside = " ".join(f'{{ said=$({how} 2>/dev/null); echo "{what}=$? $said"; }} &' for what, how in asked.items())
        return f"{units}; echo; {beside} wait"

    @override
    def process(self, output: Iterable[str]) -> ApiNode | Unknown:
        mine = self.service
        lines = list(output)
        said = dict(line.split("=", 1) for line in lines if line.startswith(("Health ", "Call=", "Records=")))
        units = parse_services("\n".join(lines))
        healths = {f"Health {one.name}": one for one in mine.apis}
        records = ["Records"] if mine.lone else []
        if not units.keys() >= set(mine.units) or said.keys() != {*healths, "Call", *records}:
            return Unknown(f"its answer could not be read: {clean(' '.join(lines), 120)}")
        # What its release has not is not asked for.
        needed = {unit for unit in mine.units if unit.removesuffix(".service") not in ONLY_IN}
        api, *workers = (units[unit] for unit in mine.units if units[unit].known or unit in needed)
        try:
            told = {one: _answered(said[name]) for name, one in healths.items()}
            call, took, waits = _told(said["Call"])
            last = next((line.removeprefix("Last=") for line in lines if line.startswith("Last=")), "")
            if waits is not None and last:
                call, took, _ = _told(f"0 {last}")
            body = next((line.removeprefix("Body=") for line in lines if line.startswith("Body=")), "")
            parts = parts_of(body, mine.parts) if mine.parts and call and 200 <= call < 300 else ()
            if mine.lone:
                # What could not be read is told of by its lack.
                code, _, body = said["Records"].partition(" ")
                parts = parts_of(body, "services") if body and not whole(code) else ()
        except ValueError as error:
            return unreadable(error, clean(" ".join(said.values()), 120))
        for one, (ended, _) in told.items():
            if ended == _MISSING:
                return Unknown(f"there is no curl on it to ask {mine.name} with", alive=api.active == "active")
            if ended == _UNREADABLE:
                why = f"{one.health_file}, by which {mine.name} is asked, is not there or can't be read"
                return Unknown(f"{why}: deploy {mine.name}")
        (_, health), *others = told.values()
        further = tuple(Answer(one.unit, status) for one, (_, status) in zip(mine.further, others, strict=True))
        lone = tuple(unit for name, unit in units.items() if mine.lone and name == mine.lone.unit)
        # Only those are asked for.
        current = {*mine.units, *(unit.unit for unit in lone)}
        retired = tuple(unit for name, unit in units.items() if name not in current and unit.known)
        return ApiNode(api, health, call, took, waits, tuple(workers), parts, further, retired, lone)


def _answered(said: str) -> tuple[int, int]:
    """curl's exit code, and the HTTP status; 0: there is none."""
    code, status = (*said.split(), "0")[:2]
    return whole(code), whole(status)


def _told(said: str) -> tuple[int | None, float, float | None]:
    """HTTP status, seconds that it took, seconds without an answer: of what ASK_PROGRAM says, after its exit code."""
    code, *rest = said.split()
    match rest:
        case [_, status, took]:
            return whole(status), real(took, 0, 3600), None
        case [word, seconds] if word == _WAITING:
            return None, 0.0, real(seconds, 0, 10**6)
        case [word] if word == _NO_TOKEN:
            return None, 0.0, None
        case [failed] if whole(failed):
            return 0, 0.0, None
    if whole(code) == _MISSING:
        return None, 0.0, None
    raise ValueError(f"no answer: {clean(said, 80)}")


@cache
def answers(service: str) -> type[ApiAnswers]:
    """The fact of the service of that name."""
    return type(f"{service.capitalize()}Answers", (ApiAnswers,), {"service": BY_NAME[service]})


FACTS = {
    one.fact.name: (
        answers(one.name)(),
        Hints(
            units=(*one.units, *([one.lone.unit] if one.lone else [])),
            files=(*one.all_files, one.call_file, one.late_file),
        ),
    )
    for one in BY_NAME.values()
}
"""Each service's fact (cluster/layers/openstack.py), by its name, and what tells of a change in it."""
