"""The packet filter on this host."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole_or
from cluster.ports.names import CONFIG, TABLE, UNIT
from cluster.ports.record import PORT_FILTER, FilterNode
from cluster.state import ServiceState, Unknown
from facts.base import parse_services, services_command
from facts.hints import Hints


class PortFilter(FactBase[FilterNode | Unknown]):
    """Its unit, and how many rules of its table the kernel has. Where nft(8) is missing there is none."""

    @override
    def command(self) -> str:
        listed = f"nft list table inet {TABLE} 2>/dev/null | grep -c counter"
        return f"{services_command({UNIT: (CONFIG,)})}; echo; echo Rules=$({listed})"

    @override
    def process(self, output: Iterable[str]) -> FilterNode | Unknown:
        text = "\n".join(output)
        services, mark, count = text.partition("\nRules=")
        if not mark:
            return Unknown("its answer could not be read: it breaks off")
        unit = parse_services(services).get(UNIT) or ServiceState(
            UNIT, "unknown", "unknown", enabled=False, known=False
        )
        return FilterNode(unit, whole_or(0, count))


FACTS = {PORT_FILTER.name: (PortFilter(), Hints(units=(UNIT,), files=(CONFIG,)))}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
