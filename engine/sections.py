"""What a host is asked: the facts of the layers that it carries, and what tells of a change in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster.layers import LAYERS, asked
from cluster.spec import Cluster
from cluster.state import Unknown
from engine.frames import Section
from engine.parts import part_of
from engine.script import LIMIT

if TYPE_CHECKING:
    from pyinfra.api.facts import FactBase

    from facts.hints import Hints


def facts() -> dict[str, FactBase[Any]]:
    """Each fact by its name. Imported late: pyinfra takes a third of a second to import."""
    return {name: fact for name, (fact, _) in _told().items()}


def hints() -> dict[str, Hints]:
    """The hints of each fact. Imported late as well."""
    return {name: told_by for name, (_, told_by) in _told().items()}


def _told() -> dict[str, tuple[FactBase[Any], Hints]]:
    found: dict[str, tuple[FactBase[Any], Hints]] = {}
    for layer in LAYERS:
        if layer.facts and (part := part_of("facts", layer.name)):
            found |= part.FACTS
    return found


def commands(cluster: Cluster, name: str, known: Mapping[str, FactBase[Any]]) -> dict[str, str]:
    """What host `name` is asked: each section's command, by its fact."""
    return {fact: str(known[fact].command()) for fact in asked(cluster, name)}


def record(fact: FactBase[Any], section: Section) -> Any:
    """The record that a section's answer makes; Unknown, with the reason, if it makes none."""
    if section.exit < 0:
        return Unknown(f"said more than {LIMIT} bytes and was not listened to any longer")
    return fact.process(section.text.splitlines())
