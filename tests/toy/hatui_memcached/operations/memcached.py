"""memcached stopped, started and restarted, one host at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from hatui_memcached.facts.memcached import Memcached
from hatui_memcached.layer import AWAY, UNIT, CacheNode
from operations.hosts import look, look_all, shell, taking_part
from operations.starting import starting
from operations.steps import Step


def _silent(name: str) -> str | None:
    node = look(name, Memcached)
    return None if isinstance(node, CacheNode) and node.answers else f"the cache on {name} does not answer"


def _restart(name: str) -> None:
    with starting(name, UNIT):
        shell(name, f"systemctl daemon-reload; systemctl restart {UNIT}", timeout=30)


def _told(name: str, command: str) -> None:
    shell(name, command, timeout=30)


def restarted(name: str) -> Step:
    """The step that restarts it on `name`."""
    verify = partial(_silent, name)
    return Step(f"{name}: restart memcached", partial(_restart, name), verify=verify, within=15, on=name)


def stopped(name: str) -> Step:
    """The step after which `name` serves nobody, a reboot later too."""
    return Step(
        f"memcached on {name} stops",
        partial(_told, name, f"touch {AWAY}; systemctl disable -q --now {UNIT}"),
        undo=lambda: started(name).act(),
        on=name,
    )


def started(name: str) -> Step:
    """The step after which `name` serves again."""
    verify = partial(_silent, name)
    again = f"rm -f {AWAY}; systemctl enable -q --now {UNIT}"
    return Step(f"memcached on {name} starts", partial(_told, name, again), verify=verify, within=15, on=name)


@operation()
def rolled(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Restart what runs with former settings, host by host."""
    for name, node in look_all(taking_part(hosts), Memcached).items():
        if isinstance(node, CacheNode) and node.service.restart_due:
            yield restarted(name)
