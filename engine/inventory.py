"""An inventory file, read as data: the same file that pyinfra is given."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from cluster.exits import CONFIG
from cluster.spec import Cluster
from cluster.text import clean


class InventoryError(Exception):
    """The inventory can't be used; the text says which file, why, and what to do.

    It is empty where the file's own check has said so on stderr (deploy.inventory.cluster_of).
    """


def use(path: Path, *, asks: bool = False) -> Cluster:
    """The cluster of an inventory, for a program: SystemExit(CONFIG), with a sentence on stderr, if it can't be used.

    `asks`: its hosts are going to be asked, and what ssh needs for that must be there.
    """
    try:
        cluster = load(path)
        if asks and (missing := " ".join(_missing(cluster))):
            raise InventoryError(f"The inventory {path}: {missing} No host was asked.")
    except InventoryError as error:
        if str(error):
            print(error, file=sys.stderr)
        raise SystemExit(CONFIG) from None
    return cluster


def load(path: Path) -> Cluster:
    """The `CLUSTER` of an inventory file. InventoryError, whatever is wrong with it."""
    if not path.is_file():
        raise InventoryError(f"There is no inventory {path}. Give one: --inventory FILE.")
    # pyinfra, too, lets an inventory import what lies beside it and in the current folder. They come last: nothing
    # there is ever taken for a module of ours.
    sys.path += [str(path.parent.resolve()), str(Path.cwd())]
    try:
        found = runpy.run_path(str(path)).get("CLUSTER")
    except SystemExit as end:
        if isinstance(end.code, str):
            raise InventoryError(f"The inventory {path} ended with: {clean(end.code, 300)}") from None
        raise InventoryError from None
    except SyntaxError as error:
        # Of the inventory, or of a file that it imports.
        where = f"The inventory {path}" if error.filename in (None, str(path)) else f"{error.filename}, for {path},"
        line = f"line {error.lineno}: {clean(error.text or '', 100)}" if error.lineno else "its text"
        raise InventoryError(f"{where} is no Python ({clean(error.msg, 200)}), {line}") from None
    except OSError as error:
        raise InventoryError(f"The inventory {path} can't be read: {clean(str(error), 300)}.") from None
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = f", line {lines[-1]}" if lines else ""
        said = clean(f"{type(error).__name__}: {error}", 300)
        raise InventoryError(f"The inventory {path} can't be used{line}: {said}.") from None
    if not isinstance(found, Cluster):
        raise InventoryError(f"The inventory {path} has no CLUSTER. See docs/inventory.md.")
    return found


def _missing(cluster: Cluster) -> Iterator[str]:
    """What ssh would need and does not find, which it tells of for each host as a denied permission."""
    for key, given, why in (
        ("ssh.key", cluster.ssh.key, "no host would let hatui in"),
        ("ssh.known_hosts", cluster.ssh.known_hosts, "no host's key would be known"),
    ):
        if given is None:
            continue
        file = Path(given).expanduser()
        if not file.is_file():
            yield f"{key} is {given}, and there is no such file on this machine: {why}."
        elif not os.access(file, os.R_OK):
            yield f"{key} is {given}, which this user may not read: {why}."
