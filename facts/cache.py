"""memcached on this host: whether it runs, and answers where its settings have it listen."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.openstack.cache import CACHE, CONFIG, PORT, UNIT, CacheNode
from cluster.state import Unknown
from facts.base import parse_services, services_command
from facts.hints import Hints

_ASK = f"exec 3<>/dev/tcp/$1/{PORT} && printf 'version\\r\\nquit\\r\\n' >&3 && head -c 80 <&3"


class Cache(FactBase[CacheNode | Unknown]):
    """Its unit, and whether it says its version."""

    @override
    def command(self) -> str:
        place = f"$(sed -n 's/^-l *//p' {CONFIG} 2>/dev/null | head -n 1)"
        asked = f'timeout 2 bash -c "{_ASK.replace("$", chr(92) + "$")}" bash "{place}" 2>/dev/null'
        return f"{services_command({UNIT: (CONFIG,)})}; echo; echo Said=$({asked})"

    @override
    def process(self, output: Iterable[str]) -> CacheNode | Unknown:
        services, mark, said = "\n".join(output).partition("\nSaid=")
        unit = parse_services(services).get(UNIT)
        if not mark or unit is None:
            return Unknown("its answer could not be read")
        return CacheNode(unit, said.startswith("VERSION "))


FACTS = {CACHE.name: (Cache(), Hints(units=(UNIT,), files=(CONFIG,)))}
"""The layer's facts (cluster/layers), by their names, and what tells of a change in each."""
