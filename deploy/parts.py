"""Where the deploy of a layer lies, which may be another package's."""

from __future__ import annotations

from importlib.util import find_spec

from cluster.layers import modules_of


def file_of(layer: str) -> str:
    """The path of the file that deploys the layer of that name. LookupError where there is none."""
    module, *_ = modules_of("deploy", layer)
    found = find_spec(module)
    if found is None or found.origin is None:
        raise LookupError(f"There is no deploy of the layer {layer}: {module} is no module.")
    return found.origin
