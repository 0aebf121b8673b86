"""Where the deploy of a layer lies, which may be another package's."""

from __future__ import annotations

from importlib.util import find_spec

from cluster.layers import module_of


def file_of(layer: str) -> str:
    """The path of the file that deploys the layer of that name. LookupError where there is none."""
    found = find_spec(module_of("deploy", layer))
    if found is None or found.origin is None:
        raise LookupError(f"There is no deploy of the layer {layer}: {module_of('deploy', layer)} is no module.")
    return found.origin
