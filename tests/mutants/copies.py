"""A copy of the repository, in which a file is changed on disk and tests are run by a process of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tests.mutants.covering import ROOT
from tests.mutants.mutations import Mutant

PARTS = (
    "cluster", "config.py", "deploy", "docs", "engine", "facts", "hatui.py", "inventories", "inventory.py", "lab",
    "operations", "pyproject.toml", "README.md", "tests", "tui",
)  # fmt: skip


class Copy:
    """A copy of what the tests need, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / part, folder / part)

    def run(self, mutant: Mutant, words: Sequence[str]) -> NoReturn:
        """Run the tests in this process's place, with the mutant in its file's; whoever called has it restored."""
        self._write(mutant.path, mutant.text)
        os.chdir(self._folder)
        environment = {**os.environ, "PYTHONPATH": str(self._folder)}
        os.execve(sys.executable, [sys.executable, "-m", "pytest", *words], environment)

    def restore(self, path: str) -> None:
        """Have the file as it is in the repository, and end what a mutant has left running here."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"{self._folder}/".encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
        self._write(path, (ROOT / path).read_text())

    def _write(self, path: str, text: str) -> None:
        file = self._folder / path
        file.write_text(text)
        # Python looks at the second and the size, which may be the same.
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            compiled.unlink()
