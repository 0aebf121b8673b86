"""Where the deploy of a layer lies, which may be another package's, and several of them in one run."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from pyinfra import local

from cluster.layers import modules_of


def file_of(layer: str) -> str:
    """The path of the file that deploys the layer of that name. LookupError where there is none."""
    module, *_ = modules_of("deploy", layer)
    found = find_spec(module)
    if found is None or found.origin is None:
        raise LookupError(f"There is no deploy of the layer {layer}: {module} is no module.")
    return found.origin


def include(layers: Iterable[str]) -> None:
    """Deploy these layers, one after another: for a file that pyinfra is given."""
    for number, layer in enumerate(layers):
        # pyinfra orders operations by the lines from which they are called: each layer is included from one of its own.
        line = "\n" * number + f"local.include({file_of(layer)!r})"
        exec(compile(line, "the layers of a deploy", "exec"), {"local": local})  # noqa: S102
