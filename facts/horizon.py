"""Horizon on this host: its unit, and whether it lets who watches in."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import real, whole
from cluster.openstack.horizon import ASKED, FILES, HORIZON, UNIT, HorizonNode
from cluster.openstack.record import LIMIT, PATIENCE
from cluster.state import Unknown
from cluster.text import clean
from facts.base import parse_services, services_command, unreadable
from facts.hints import Hints

ASK_HORIZON = "/usr/local/lib/hatui/ask-horizon"
"""Logs in (deploy/files/ask_horizon.py)."""


class HorizonPages(FactBase[HorizonNode | Unknown]):
    """One login a look, of its own host's."""

    @override
    def command(self) -> str:
        asked = f"timeout {PATIENCE + 1} {ASK_HORIZON} {PATIENCE} {LIMIT} {ASKED} 2>/dev/null"
        return f"{services_command({UNIT: FILES})}; echo; echo Said=$({asked})"

    @override
    def process(self, output: Iterable[str]) -> HorizonNode | Unknown:
        services, mark, said = "\n".join(output).partition("\nSaid=")
        unit = parse_services(services).get(UNIT)
        if not mark or unit is None:
            return Unknown("its answer could not be read")
        try:
            words, waits = said.split(), None
            if words[:1] == ["waiting"] and len(words) > 1:
                waits, words = real(words[1], 0, 10**6), words[2:]
            match words:
                case [] if waits is not None:
                    return HorizonNode(unit, 0, form=False, entered=None, waits=waits)
                case [page, form, login, took] if {form, login} <= {"yes", "no", "-"}:
                    entered = None if login == "-" else login == "yes"
                    return HorizonNode(unit, whole(page), form == "yes", entered, real(took, 0, 3600), waits)
        except ValueError as error:
            return unreadable(error, said)
        if not said.strip():
            return Unknown(f"{ASK_HORIZON}, by which it is asked, is not there or fails: deploy horizon")
        return Unknown(f"its answer could not be read: {clean(said, 80)}")


FACTS = {HORIZON.name: (HorizonPages(), Hints(units=(UNIT,), files=(*FILES, ASKED)))}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
