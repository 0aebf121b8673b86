"""Which test runs which line of the code, and so must notice when it is changed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

from coverage import CoverageData

from tests.mutants.mutations import Mutant

ROOT = Path(__file__).resolve().parents[2]
SLOW = (
    "injection", "probing", "prober", "program", "recording", "replay", "ssh", "streams", "unwritten", "watch",
)  # fmt: skip
"""The files of tests that take seconds, wait, or start many processes."""
SELECTED = ("tests/unit", "--ignore=tests/unit/tui", *(f"--ignore-glob=tests/unit/test_{name}*.py" for name in SLOW))
_LOCK = ("tests/unit/test_lock.py", "tests/unit/test_deploy_lock.py")
PROCESSES = {
    "operations/keeper.py": _LOCK,
    "operations/keeping.py": _LOCK,
    "operations/link.py": _LOCK,
    "operations/lock.py": _LOCK,
    "operations/lock_script.py": _LOCK,
    "operations/locking.py": _LOCK,
    "operations/pauses.py": _LOCK,
    "cluster/lease.py": ("tests/unit/test_lock.py",),
}
"""The tests of what runs as a process of its own, whose lines are not seen."""
TOLD = ("tests/unit/test_defaults.py", "tests/unit/test_lock_times.py", "tests/unit/test_things.py")
"""Tests that compare numbers which are given once, such as a fact's period, with the documentation."""
CONFIG = """
[run]
source = {source}
data_file = {data}
core = ctrace
"""


class Covering:
    """Which tests run which lines. `lines`: by file and line, the tests (file::function)."""

    def __init__(self, lines: Mapping[str, Mapping[int, Set[str]]]) -> None:
        self._lines = lines
        self._breadth = Counter(test for of_file in lines.values() for tests in of_file.values() for test in tests)

    def tests_of(self, mutant: Mutant, known: Set[str]) -> list[str]:
        """The tests, of those `known`, that run what is changed, those first that run least else.

        What stands outside of a function nothing is seen to run: all of its file's then, or all that there are. None
        where all that runs it is a process of its own.
        """
        mine = self._lines[mutant.path]
        first, last = mutant.lines
        found = set().union(*(mine.get(line, ()) for line in range(first, last + 1)))
        if not found and (of_file := set().union(*mine.values())):
            found = of_file | {test for test in known if test.startswith(TOLD)}
        seen = sorted(found & known, key=lambda test: (self._breadth[test], test))
        return seen or ([] if mutant.path in PROCESSES else [*SELECTED])


def covering(paths: Sequence[str], folder: Path) -> Covering:
    """Which tests run which lines of `paths`; `folder` is for what is written. SystemExit if a test fails as it is."""
    data, config = folder / "coverage", folder / "coverage.ini"
    rooms = ",".join(sorted({path.partition("/")[0] for path in paths}))
    config.write_text(CONFIG.format(source=rooms, data=data))
    done = subprocess.run(
        [sys.executable, "-m", "coverage", "run", f"--rcfile={config}", "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "-p", "tests.mutants.contexts", *SELECTED],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The tests must pass before the code is changed:\n{done.stdout[-4000:]}")
    found = CoverageData(str(data))
    found.read()
    return Covering(
        {
            path: {
                line: {context for context in contexts if context}
                for line, contexts in found.contexts_by_lineno(str(ROOT / path)).items()
            }
            for path in paths
        }
    )


def sources(wanted: Iterable[str]) -> dict[str, str]:
    """The files that are named, and those in the folders that are named, by their path; with their text."""
    files = [
        file
        for name in wanted
        for file in (sorted((ROOT / name).rglob("*.py")) if (ROOT / name).is_dir() else [ROOT / name])
    ]
    return {str(file.relative_to(ROOT)): file.read_text() for file in files}
