"""The hosts themselves: their names, a helper program, kernel parameters."""

from __future__ import annotations

from cluster.layer import Layer
from cluster.spec import Role

BASE = Layer(name="base", roles=tuple(Role))
