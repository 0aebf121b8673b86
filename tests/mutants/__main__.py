"""`python -m tests.mutants [--sample N] [--seed N] [FILE or FOLDER …]`: try a random sample of mutants.

Exit code 1 if more than 5 % survive, or one that `equal.toml` does not have.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutants.copies import Copy
from tests.mutants.covering import covering, sources
from tests.mutants.mutations import Mutant, mutants
from tests.mutants.trying import tried

_LOCK = ("keeper", "keeping", "link", "lock", "lock_script", "locking", "pauses")
DECIDING = ("cluster", "engine/planning.py", *(f"operations/{name}.py" for name in _LOCK))
"""What decides whether somebody acts, in which order, and under which lock."""
MOST = 0.05
"""The part of the sample that may survive."""
EQUAL = Path(__file__).with_name("equal.toml")

Key = tuple[str, str, str]


def main(words: Sequence[str]) -> int:
    """Try a sample and say what became of it; the exit code."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("files", nargs="*", default=DECIDING)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    begun = time.monotonic()
    every = [mutant for path, source in sources(asked.files).items() for mutant in mutants(path, source)]
    sample = random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
    print(f"{len(sample)} of {len(every)} mutants, seed {asked.seed}", flush=True)
    equal = known()
    results = _tried(sample, equal)
    counts = Counter(result for _, result in results)
    survivors = [mutant for mutant, result in results if result == "survived"]
    unknown = [mutant for mutant in survivors if key(mutant) not in equal]
    everything = {key(mutant) for path, source in sources(DECIDING).items() for mutant in mutants(path, source)}
    gone = [one for one in equal if one not in everything]
    for path, was, now in gone:
        print(f"\n{path}: no longer there, take it out of {EQUAL.name}\n-{was}\n+{now}")
    print(
        f"\n{len(sample)} tried, {counts['killed']} killed, {counts['survived']} survived "
        f"({len(survivors) - len(unknown)} of them equal), {counts['timed out']} timed out, "
        f"in {time.monotonic() - begun:.0f} s"
    )
    return int(bool(unknown or gone) or len(survivors) > MOST * len(sample))


def _tried(sample: Sequence[Mutant], equal: Mapping[Key, str]) -> list[tuple[Mutant, str]]:
    """Each with what became of it, told as soon as that is known: a mark, and of one that survives where it is."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        covered = covering(sorted({mutant.path for mutant in sample}), Path(folder))
        copies = [Copy(Path(folder) / str(number)) for number in range(2 * (os.cpu_count() or 1))]
        for mutant, result in tried(sample, covered, copies):
            print({"killed": ".", "survived": _survivor(mutant, equal), "timed out": "T"}[result], end="", flush=True)
            found.append((mutant, result))
    print()
    return found


def _survivor(mutant: Mutant, equal: Mapping[Key, str]) -> str:
    why = equal.get(key(mutant))
    return f"\n{mutant.path}:{mutant.line}: survived{f', equal: {why}' if why else ''}\n{mutant.diff}\n"


def known() -> dict[Key, str]:
    """Why each mutant that is known to be equal is, from `equal.toml`."""
    return {
        (one["file"], one["was"], one["now"]): one["why"] for one in tomllib.loads(EQUAL.read_text()).get("equal", [])
    }


def key(mutant: Mutant) -> Key:
    """What a mutant is known by: no number of a line, which moves."""
    return mutant.path, mutant.was, mutant.now


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
