"""The program is itself: whatever lies in the working directory, stands in PYTHONPATH, or is in the path's name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.exits import CONFIG
from engine.start import START, own
from hatui import OURS

ROOT = Path(__file__).parents[2]
INVENTORY = """
import beside
from cluster.validate import cluster_spec
from tests.unit.inventories import inventory
CLUSTER = cluster_spec(inventory((("name",), beside.NAME)))
"""
NAME = """
from engine.inventory import use
from pathlib import Path
print(use(Path("inventory.py")).name)
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder that has packages called like ours, and modules called like Python's and those that are installed."""
    folder = tmp_path / "some where"
    for name in (*OURS, "asyncio", "msgspec", "gevent", "paramiko", "json"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"raise SystemExit('the foreign {name} was run')\n")
        (folder / name / "__main__.py").write_text(f"raise SystemExit('the foreign {name} was run')\n")
    return folder


def run(command: list[str], folder: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


PROCESSES = [
    own("engine", "look", "--inventory", "no.py"),
    own("engine", "watch", "--inventory", "no.py"),
    own("engine", "plan", "--inventory", "no.py"),
    own("engine", "run", "drain", "--inventory", "no.py"),
]


@pytest.mark.parametrize("command", PROCESSES, ids=lambda command: command[5])
@pytest.mark.parametrize("by", ["the working directory", "PYTHONPATH"])
def test_each_of_its_processes_is_its_own(command: list[str], by: str, foreign: Path, tmp_path: Path) -> None:
    """An `engine/` of the working directory was run in the place of the engine."""
    done = run(command, tmp_path, foreign) if by == "PYTHONPATH" else run(command, foreign)
    assert done.stderr == "There is no inventory no.py. Give one: --inventory FILE.\n" and done.returncode == CONFIG


@pytest.mark.parametrize("by", ["the working directory", "PYTHONPATH"])
def test_the_probes_the_locks_keeper_and_a_deploy_are_its_own(by: str, foreign: Path, tmp_path: Path) -> None:
    where = (tmp_path, foreign) if by == "PYTHONPATH" else (foreign, None)
    prober = run(own("engine.probes"), *where)
    assert "foreign" not in prober.stderr + prober.stdout and "Traceback" not in prober.stderr
    keeper = run(own("operations.keeper"), *where)
    assert "foreign" not in keeper.stderr and "OSError" in keeper.stderr, "it got as far as its parent's socket"
    deploy = run(own("engine", "apply", "--layer", "none"), *where)
    assert "invalid choice: 'none'" in deploy.stderr


@pytest.mark.parametrize("verb", ["status", "plan", "history"])
@pytest.mark.parametrize("by", ["the working directory", "PYTHONPATH"])
def test_the_command_itself_is_its_own(verb: str, by: str, foreign: Path, tmp_path: Path) -> None:
    hatui = tmp_path / "bin" / "hatui"
    hatui.parent.mkdir()
    # As pip writes it: the folder of the command comes first, then PYTHONPATH, then what is installed.
    hatui.write_text(f"import sys\nsys.path.append({str(ROOT)!r})\nfrom hatui import main\nsys.exit(main())\n")
    command = [sys.executable, str(hatui), verb, "--inventory", "no.py"]
    done = run(command, tmp_path, foreign) if by == "PYTHONPATH" else run(command, foreign)
    assert done.stderr == "There is no inventory no.py. Give one: --inventory FILE.\n" and done.returncode == CONFIG


def test_an_inventory_finds_what_lies_beside_it_and_in_pythonpath(foreign: Path, tmp_path: Path) -> None:
    (foreign / "inventory.py").write_text(INVENTORY)
    (foreign / "beside.py").write_text("NAME = 'beside'\n")
    script = tmp_path / "named.py"
    script.write_text(NAME)
    begin = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import hatui; hatui.stand()"
    prelude = f"{begin}; exec(open({str(script)!r}).read())"
    done = run([sys.executable, "-P", "-c", prelude], foreign, ROOT)
    assert done.stdout == "beside\n", done.stderr


def test_it_runs_in_a_path_with_spaces(tmp_path: Path) -> None:
    there = tmp_path / "my programs" / "ha tui"
    there.mkdir(parents=True)
    shutil.copy(START, there)
    for name in OURS:
        shutil.copytree(ROOT / name, there / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = run([sys.executable, str(there / "hatui.py"), "tui.main", "status", "--inventory", "no such.py"], tmp_path)
    assert done.stderr == "There is no inventory no such.py. Give one: --inventory FILE.\n"
    where = "from engine import start; print(start.__file__)"
    prelude = f"import sys; sys.path.insert(0, {str(there)!r}); import hatui; hatui.stand(); {where}"
    assert run([sys.executable, "-P", "-c", prelude], tmp_path).stdout == f"{there}/engine/start.py\n"
