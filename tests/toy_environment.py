"""A Python with the toy layer installed, beside everything that this one has: as for a user who has its package."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
_ENTRY = "[hatui.layers]\nmemcached = hatui_memcached.layer:MEMCACHED\n"


def environment(folder: Path) -> Path:
    """The interpreter of a new virtual environment in `folder`."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    # What pip would leave of the package, and what there is already.
    paths = (sysconfig.get_path("purelib"), ROOT, ROOT / "tests/toy")
    (site / "toy.pth").write_text("".join(f"{path}\n" for path in paths))
    told = site / "hatui_memcached-0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: hatui-memcached\nVersion: 0\n")
    (told / "entry_points.txt").write_text(_ENTRY)
    return folder / "bin/python"
