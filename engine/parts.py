"""What a floor has of a layer: a module of the layer's name."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from cluster.layers import BY_NAME


def part_of(floor: str, name: str) -> ModuleType | None:
    """The module of the layer of that name on `floor`, such as "facts" or "engine.layers"; None where there is none."""
    home = BY_NAME[name].home if name in BY_NAME else ""
    path = ".".join(filter(None, (home, floor, name)))
    return import_module(path) if find_spec(path) else None
