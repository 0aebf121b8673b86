"""How long the main job takes: the demo from nothing and on a warm cache, a deploy, a run that changes nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.report import Figure

ROOT = Path(__file__).parents[1]
CACHE = Path("/var/cache/halab")


def timed(*command: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> float:
    """Seconds that a program took; a CalledProcessError with its output if it failed."""
    begin = time.monotonic()
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()
    return time.monotonic() - begin


def halab(*arguments: str) -> float:
    """Seconds that a halab command took."""
    return timed(sys.executable, "-m", "lab", *arguments)


@contextlib.contextmanager
def fault(name: str, host: str, *options: str) -> Iterator[None]:
    """A fault of `halab fault list`; healed at the end."""
    halab("fault", name, host, *options)
    try:
        yield
    finally:
        halab("fault", "heal", name, host)


def lab_is_up() -> bool:
    """Whether the default lab is up."""
    command = [sys.executable, "-m", "lab", "status"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return ": down" not in shown.stdout


def deploy() -> float:
    """Seconds of one whole deploy."""
    return timed(str(Path(sys.executable).parent / "pyinfra"), "-y", "inventory.py", "deploy/ha.py")


@contextlib.contextmanager
def without_cache() -> Iterator[None]:
    """The lab's cache set aside, and put back."""
    kept = CACHE.with_name("halab.kept-by-bench")
    if CACHE.exists():
        CACHE.rename(kept)
    try:
        yield
    finally:
        if kept.exists():
            shutil.rmtree(CACHE, ignore_errors=True)
            kept.rename(CACHE)


def demo() -> list[Figure]:
    """`make demo` in a fresh clone, from nothing and then once more on what that left. The lab is down afterwards."""
    halab("down")
    with tempfile.TemporaryDirectory() as clone, without_cache():
        timed("git", "clone", "-q", str(ROOT), clone)
        cold = timed("make", "demo", cwd=Path(clone), environment={"PIP_NO_CACHE_DIR": "1"})
        halab("down")
        warm = timed("make", "demo", cwd=Path(clone))
        halab("down")
    return [
        Figure("make demo, from nothing", (cold,), "s", 360),
        Figure("make demo, warm caches", (warm,), "s", 180),
    ]


def deploys(runs: int = 3) -> list[Figure]:
    """`deploy/ha.py` on fresh hosts, then again with nothing to change. The lab is left up and deployed."""
    fresh: list[float] = []
    unchanged: list[float] = []
    for _ in range(runs):
        halab("down")
        halab("up")
        fresh.append(deploy())
        unchanged += [deploy() for _ in range(2)]
    return [
        Figure("deploy/ha.py, fresh hosts", tuple(fresh), "s", 120),
        Figure("deploy/ha.py, nothing to change", tuple(unchanged), "s", 15),
    ]
