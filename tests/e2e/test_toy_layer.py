"""A layer that another package brings, on real hosts: deployed, watched, drained and rolled out by the generic code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import lab
from tests.e2e.test_rollout import INVENTORY
from tests.pace import wait_until
from tests.toy_environment import environment

pytestmark = pytest.mark.lab

DEPLOY = "tests/toy/hatui_memcached/deploy/memcached.py"


class Toy:
    """Our programs in an environment that has the toy layer."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = str(python)
        self.inventory = folder / "toy.py"
        self.has(64)

    def has(self, memory: int) -> None:
        """The inventory says so many MiB."""
        self.inventory.write_text(INVENTORY.format(changes={"memcached": {"memory_mb": memory}}))

    def hatui(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = lab.run(self._python, "-m", "tui.main", *words, "--inventory", str(self.inventory), check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def deploy(self) -> None:
        lab.run(self._python, "-m", "pyinfra", "-y", str(self.inventory), DEPLOY)

    def layer(self) -> dict[str, Any]:
        done = lab.run(
            self._python, "-m", "tui.main", "status", "--json", "--inventory", str(self.inventory), check=False
        )
        found: dict[str, Any] = next(one for one in json.loads(done.stdout)["layers"] if one["layer"] == "memcached")
        return found


@pytest.fixture
def toy(healthy: None, tmp_path: Path) -> Iterator[Toy]:
    one = Toy(environment(tmp_path / "venv"), tmp_path)
    yield one
    for name in ("net01", "net02"):
        away = "apt-get -q -y purge memcached >/dev/null; rm -rf /etc/memcached.conf* /var/lib/hatui/memcached.away"
        lab.ssh(name, away, check=False)


def memory(host: str) -> str:
    """What the cache that runs has, by its own word."""
    asked = "exec 3<>/dev/tcp/127.0.0.1/11211; printf 'stats\\r\\nquit\\r\\n' >&3; cat <&3"
    said = lab.ssh(host, f'bash -c "{asked}"')
    return next(line.split()[2] for line in said.splitlines() if "limit_maxbytes" in line)


def test_a_layer_of_another_package_is_deployed_watched_drained_and_rolled_out(toy: Toy) -> None:
    assert toy.layer()["verdict"] == "FAIL"
    toy.deploy()
    assert (toy.layer()["verdict"], toy.layer()["reason"]) == ("OK", "2 of 2 caches answer")
    with lab.fault("stop", "net01", unit="memcached"):
        wait_until(lambda: "memcached is inactive" in toy.layer()["reason"], 10)
    wait_until(lambda: toy.layer()["verdict"] == "OK", 20)

    toy.hatui("drain", "net02", "--yes", "--reason", "a test")
    assert "`hatui undrain net02`" in toy.layer()["reason"]
    refused = toy.hatui("plan")
    assert refused.returncode == 0
    toy.hatui("undrain", "net02", "--yes", "--reason", "a test")
    assert toy.layer()["verdict"] == "OK"

    toy.has(65)
    planned = toy.hatui("plan", code=10).stdout
    assert "memcached is restarted" in planned and "-m 65" in planned
    toy.hatui("rollout", "--soak", "1", "--yes", "--reason", "a test")
    assert {memory(name) for name in ("net01", "net02")} == {str(65 * 2**20)}
    assert toy.hatui("plan").returncode == 0
    toy.hatui("restart", "memcached", "--yes", "--reason", "a test")
    assert toy.layer()["verdict"] == "OK"
