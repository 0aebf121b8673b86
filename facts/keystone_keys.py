"""Keystone's keys on this host, by which tokens and credentials are encrypted."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.number import whole_or
from cluster.openstack.keystone import KEYS
from facts.base import hashes


class KeyFiles(FactBase[dict[str, str]]):
    """Each file of the keys, by its path, to the sha256 of its content in hexadecimal."""

    @override
    def command(self) -> str:
        return f"find {' '.join(KEYS)} -type f -exec sha256sum -- {{}} + 2>/dev/null; true"

    @override
    def process(self, output: Iterable[str]) -> dict[str, str]:
        return hashes(output)


class KeysAge(FactBase[int | None]):
    """Seconds since keystone's token keys were rotated last, or made; None where there are none.

    A rotation makes a new file, the key that is to be the next; the others keep their time (keystone-manage(1)).
    """

    @override
    def command(self) -> str:
        made = f"made=$(stat -c %Y {KEYS[0]}/* 2>/dev/null | sort -n | tail -n 1)"
        return f"{made}; echo ${{made:+$(($(date +%s) - made))}}"

    @override
    def process(self, output: Iterable[str]) -> int | None:
        return whole_or(None, "".join(output), -(10**9))
