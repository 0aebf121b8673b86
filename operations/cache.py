"""memcached as it runs: restarted host by host, while the others keep what they know."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.openstack.cache import UNIT, CacheNode
from facts.cache import Cache
from operations.hosts import look, look_all, shell, taking_part
from operations.service import or_last_words
from operations.starting import starting
from operations.steps import Step, refused

START = 60
"""Seconds in which it must answer after its start."""


def restarted(name: str) -> Step:
    """The step that restarts it on `name`."""
    return Step(
        f"{name}: restart memcached",
        partial(restart, name),
        verify=partial(_silent, name),
        within=START,
        lasting="it was restarted",
        on=name,
    )


def restart(name: str) -> None:
    """Start it anew. Refused, with its own words, where systemd says that it failed."""
    with starting(name, UNIT):
        again = or_last_words(f"systemctl daemon-reload; systemctl restart {UNIT}", UNIT)
        shell(name, again, timeout=START)


@operation()
def rolled(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, host by host."""
    for name, node in look_all(taking_part(hosts), Cache).items():
        if not isinstance(node, CacheNode):
            yield refused("Restart memcached", f"whether it is due on {name} is not known: {node.reason}")
        elif node.service.restart_due:
            yield restarted(name)


def _silent(name: str) -> str | None:
    node = look(name, Cache)
    return None if isinstance(node, CacheNode) and node.answers else f"memcached on {name} does not answer"
