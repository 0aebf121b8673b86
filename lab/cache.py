"""What all labs share: trees built once, kept by a hash of what they are made of."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BUILDING = ".new-"
"""How the names of folders begin in which something is built: whoever holds the cache's lock may remove them."""


def key(made_of: object) -> str:
    """12 hexadecimal digits that change when `made_of` (anything that JSON can say) does."""
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold `path` as a lock, for one process at a time; `waiting` is called once if another one holds it.

    The lock dies with its holder (flock(2)), so that nothing is left behind by a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def built(tree: Path, build: Callable[[Path], None]) -> None:
    """Make `tree` by `build`, in a folder of its own beside it first: a tree is either whole or absent.

    The caller holds the cache's lock.
    """
    for left in tree.parent.glob(f"{BUILDING}*"):
        shutil.rmtree(left)
    new = Path(tempfile.mkdtemp(prefix=BUILDING, dir=tree.parent))
    try:
        new.chmod(0o755)
        build(new)
        new.rename(tree)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def prune(root: Path, label: str, keep: set[Path]) -> None:
    """Remove the trees of the kind `label` in `root` that are not to be kept; the caller holds the cache's lock."""
    for tree in root.glob(f"*-{label}-*"):
        if tree not in keep:
            shutil.rmtree(tree)
