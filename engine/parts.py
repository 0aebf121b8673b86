"""What a floor has of a layer: a module of the layer's name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from cluster.layers import modules_of


@cache
def part_of(floor: str, name: str) -> ModuleType | None:
    """The module of the layer of that name on `floor`, such as "facts" or "engine.layers"; None where there is none."""
    return next((import_module(path) for path in modules_of(floor, name) if find_spec(path)), None)
