"""A service of OpenStack on this host: its units, whether its API answers, and what a call that proves it brings."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import ClassVar

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import real, whole
from cluster.openstack.keystone import KEYSTONE
from cluster.openstack.record import PATIENCE, ApiNode
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
WITHOUT_TOKEN = 3
"""Its exit code where there is no token to be had; curl's for a URL that it can't read (curl(1))."""
_ASKED = f"curl -qs -m {PATIENCE} -o /dev/null -w '%{{http_code}} %{{time_total}}' -K"
"""curl(1) tells of a call that got no answer by the status 000."""
_MISSING = 127
"""The shell's exit code for a program that is not there."""
_UNREADABLE = 26
"""curl's for a file that it could not read (libcurl-errors(3))."""


class ApiAnswers(FactBase[ApiNode | Unknown]):
    """One a look, of its own host's. Each service has its own kind of it (`answers`)."""

    service: ClassVar[OpenstackService]

    @override
    def command(self) -> str:
        mine = self.service
        # Keystone is asked for a token; all others with one.
        proof = f"{_ASKED} {mine.call_file}" if mine is KEYSTONE else f"{ASK_PROGRAM} {PATIENCE} {mine.call_file}"
        # Side by side: a host has 4 s for all that it is asked.
        asked = " & ".join(
            f'{{ said=$({call} 2>/dev/null); echo "{name}=$? $said"; }}'
            for name, call in (("Health", f"{_ASKED} {mine.health_file}"), ("Call", proof))
        )
        return f"{services_command({unit: mine.files(unit) for unit in mine.units})}; echo; {asked} & wait"

    @override
    def process(self, output: Iterable[str]) -> ApiNode | Unknown:
        mine = self.service
        lines = list(output)
        said = dict(line.split("=", 1) for line in lines if line.startswith(("Health=", "Call=")))
        units = parse_services("\n".join(lines))
        if not units.keys() >= set(mine.units) or said.keys() != {"Health", "Call"}:
            return Unknown(f"its answer could not be read: {clean(' '.join(lines), 120)}")
        # What its release has not is not asked for.
        needed = {unit for unit in mine.units if unit.removesuffix(".service") not in ONLY_IN}
        api, *workers = (units[unit] for unit in mine.units if units[unit].known or unit in needed)
        try:
            (asked, health, _), (proved, call, took) = (_parts(said[name]) for name in ("Health", "Call"))
            body = next((line.removeprefix("Body=") for line in lines if line.startswith("Body=")), "")
            parts = parts_of(body, mine.parts) if mine.parts and 200 <= call < 300 else ()
        except ValueError as error:
            return unreadable(error, clean(" ".join(said.values()), 120))
        if asked == _MISSING:
            return Unknown(f"there is no curl on it to ask {mine.name} with", alive=api.active == "active")
        if asked == _UNREADABLE:
            why = f"{mine.health_file}, by which {mine.name} is asked, is not there or can't be read"
            return Unknown(f"{why}: deploy {mine.name}")
        without = proved in (WITHOUT_TOKEN, _MISSING) and mine is not KEYSTONE
        return ApiNode(api, health, None if without else call, took, tuple(workers), parts)


def _parts(said: str) -> tuple[int, int, float]:
    """Exit code, HTTP status, seconds; curl says nothing where it did not come so far as to ask."""
    code, *rest = said.split()
    status, took = rest or ("0", "0")
    return whole(code), whole(status), real(took, 0, 3600)


@cache
def answers(service: str) -> type[ApiAnswers]:
    """The fact of the service of that name."""
    return type(f"{service.capitalize()}Answers", (ApiAnswers,), {"service": BY_NAME[service]})


FACTS = {
    one.fact.name: (
        answers(one.name)(),
        Hints(units=one.units, files=tuple(dict.fromkeys([*one.files(one.unit), one.call_file]))),
    )
    for one in BY_NAME.values()
}
"""Each service's fact (cluster/layers/openstack.py), by its name, and what tells of a change in it."""
