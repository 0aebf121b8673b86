"""memcached on this host, by its own statistics."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole_or
from cluster.state import Unknown
from facts.base import parse_services, services_command
from facts.hints import Hints
from hatui_memcached.layer import AWAY, CACHE, CONFIG, UNIT, CacheNode

_ASK = "exec 3<>/dev/tcp/127.0.0.1/11211 && printf 'stats\\r\\nquit\\r\\n' >&3 && head -c 4000 <&3"


class Memcached(FactBase[CacheNode | Unknown]):
    """Whether it runs and answers, and for how many clients."""

    @override
    def command(self) -> str:
        asked = f'timeout 1 bash -c "{_ASK}" 2>/dev/null'
        return f"{services_command({UNIT: (CONFIG,)})}; echo Away=$([ -e {AWAY} ] && echo yes); {asked}; true"

    @override
    def process(self, output: Iterable[str]) -> CacheNode | Unknown:
        text = "\n".join(output)
        services, mark, said = text.partition("\nAway=")
        unit = parse_services(services).get(UNIT)
        if not mark or unit is None:
            return Unknown("its answer could not be read")
        found = re.search(r"STAT curr_connections (\d+)", said)
        return CacheNode(unit, found is not None, whole_or(0, found[1]) if found else 0, said.startswith("yes"))


FACTS = {CACHE.name: (Memcached(), Hints(units=(UNIT,), files=(CONFIG, AWAY)))}
