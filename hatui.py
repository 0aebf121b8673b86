"""The program's own start: `hatui` itself, and each process that it begins for itself.

`python -E -P hatui.py MODULE WORD …` runs MODULE, such as engine, with our packages from beside this file. What
lies in the working directory, or what PYTHONPATH names, is found last, for a user's inventory to import, and never in
the place of what is ours, Python's or installed.
"""

from __future__ import annotations

import os
import runpy
import sys
from importlib import import_module
from pathlib import Path

OURS = ("cluster", "facts", "operations", "deploy", "engine", "tui")


def stand() -> None:
    """Make sure of our packages, and put what PYTHONPATH names behind everything else."""
    foreign = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    root = str(Path(__file__).resolve().parent)
    sys.path[:] = [root, *(entry for entry in sys.path if entry not in foreign)]
    # A package that was imported once is where all that is in it is looked for.
    for name in OURS:
        import_module(name)
    sys.path[:1] = []
    sys.path += [entry for entry in foreign if entry not in sys.path]


def main() -> int:
    """The command `hatui`."""
    stand()
    from tui.main import program

    return program()


if __name__ == "__main__":
    stand()
    sys.argv[:] = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
