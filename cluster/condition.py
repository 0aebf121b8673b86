"""What the conditions of all layers need: the hosts that are asked, and how numbers and hints are said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from cluster.reason import Advised
from cluster.state import Record, Unknown

Seen = TypeVar("Seen", bound=Record)


def asked(nodes: Mapping[str, Seen | Unknown], names: Collection[str]) -> dict[str, Seen | Unknown]:
    """Every host of `names`; one that is missing in a snapshot was not asked."""
    return {name: nodes.get(name, Unknown("was not asked")) for name in names}


def known_of(nodes: Mapping[str, Seen | Unknown], names: Collection[str], kind: type[Seen]) -> dict[str, Seen]:
    """Those of `names` that could be asked."""
    return {name: node for name in names if isinstance(node := nodes.get(name), kind)}


def counted(number: int, what: str) -> str:
    """Such as "1 owner", "0 owners"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def with_hint(reason: str, hint: str) -> str:
    """The reason as a sentence, with `hint` unless it says itself what to do."""
    return f"{reason}." if isinstance(reason, Advised) else f"{reason}{hint}."
