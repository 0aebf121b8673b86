"""The whole control plane: every layer in order, each standing on the ones before."""

from cluster.layers import DEPLOYED
from deploy.parts import include

include(("base", "packages", *(name for name in DEPLOYED if name != "base")))
