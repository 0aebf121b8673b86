"""CIBs and what they are to be called: written by hand, one line of judgement each.

`verdict` is the layer's. `says` and `lacks` are words that must, and must not, be among its reasons. `rest` is whether
the gate of all rolling work is open as to Pacemaker's resources; `drain`, whether cc03 may go into standby.
"""

from __future__ import annotations

from tests.unit.cib_cases import clones, nodes, others, resources
from tests.unit.cib_cases.case import Case

__all__ = ["CASES", "Case"]

CASES = (*resources.CASES, *nodes.CASES, *clones.CASES, *others.CASES)
