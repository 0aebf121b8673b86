"""The whole control plane: every layer in order, each standing on the ones before."""

from pyinfra import local

from cluster.layers import DEPLOYED
from deploy.parts import file_of

for number, layer in enumerate(("base", "packages", *(name for name in DEPLOYED if name != "base"))):
    # pyinfra orders operations by the lines from which they are called: each layer is included from a line of its own.
    line = "\n" * number + f"local.include({file_of(layer)!r})"
    exec(compile(line, "the layers of deploy/ha.py", "exec"), {"local": local})  # noqa: S102
