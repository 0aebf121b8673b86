"""The command lines of the program's own processes."""

from __future__ import annotations

import sys
from pathlib import Path

START = Path(__file__).resolve().parents[1] / "hatui.py"
"""By its path: what is called `engine` where somebody happens to work is never run in its place."""


def own(module: str, *words: str) -> list[str]:
    """The command line that runs `module` of this very program, such as own("engine", "look").

    -E and -P: neither PYTHON… variables nor the working directory say where modules come from (python(1)).
    """
    return [sys.executable, "-E", "-P", str(START), module, *words]
