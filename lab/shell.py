"""Run other programs, and turn their failures into sentences."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import LabError

_TAIL = 4
"""How many of a failed program's last lines the person is shown."""


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = 60,
    check: bool = True,
    called: str | None = None,
) -> str:
    """The standard output of `argv`; `timeout` in seconds.

    Raises LabError with the command, or what it is `called`, and the last lines it said, if it fails and `check` is
    true.
    """
    words = [str(word) for word in argv]
    name = called or f"`{' '.join(words)}`"
    try:
        done = subprocess.run(
            words,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            env=env,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as why:
        raise LabError(f"{name} did not end within {timeout:g} s") from why
    except FileNotFoundError as why:
        raise LabError(f"the program {words[0]} is not installed") from why
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-_TAIL:]
        raise LabError(f"{name} failed (exit {done.returncode}): {' / '.join(said) or 'no message'}")
    return done.stdout
