"""An inventory file, read as data: the same file that pyinfra is given."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from cluster.spec import Cluster


class InventoryError(Exception):
    """The inventory can't be used; the text says which file, why, and what to do."""


def load(path: Path) -> Cluster:
    """The `CLUSTER` of an inventory file. InventoryError if there is no such file, or if it holds none.

    A file with bad values has said so on stderr, and ends the program (SystemExit).
    """
    if not path.is_file():
        raise InventoryError(f"There is no inventory {path}. Give one: --inventory FILE.")
    # pyinfra, too, lets an inventory import what lies beside it and in the current folder.
    sys.path[:0] = [str(path.parent.resolve()), str(Path.cwd())]
    found = runpy.run_path(str(path)).get("CLUSTER")
    if not isinstance(found, Cluster):
        raise InventoryError(f"The inventory {path} has no CLUSTER. See docs/inventory.md.")
    return found
