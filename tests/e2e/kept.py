"""Services of OpenStack that are kept available in another way than by default, on the controllers of a lab."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.openstack.api import Api
from tests.e2e import lab
from tests.e2e.openstack import Calls, asked
from tests.e2e.operator import carried_out, hatui
from tests.e2e.test_pacemaker import owners
from tests.pace import slower, wait_until

CONTROLLERS = ("cc01", "cc02", "cc03")
INVENTORY = """
import runpy
from cluster.spec import Role
from deploy.inventory import cluster_of, members
_MINE = runpy.run_path("inventory.py")["DATA"]
DATA = {{name: value for name, value in _MINE.items() if name not in {without!r}}}
DATA |= {{name: _MINE[name] | {{"availability": {availability!r}}} for name in {services!r}}}
CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""


class Kept:
    """An inventory of that kind, whose `deployed` layers differ from the lab's own."""

    def __init__(self, path: Path, deployed: Sequence[str]) -> None:
        self.deployed = deployed
        self._inventory = ("--inventory", str(path))
        self._path = str(path)

    def layers(self) -> dict[str, dict[str, Any]]:
        said = hatui("status", "--json", *self._inventory).stdout
        return {layer["layer"]: layer for layer in json.loads(said)["layers"]}

    def told(self, service: str) -> tuple[str, str]:
        """The verdict on a service, and why."""
        layer = self.layers()[service]
        return layer["verdict"], layer["reason"]

    def all_ok(self, within: float = 120) -> None:
        def broken() -> list[str]:
            return [name for name, layer in self.layers().items() if layer["verdict"] != "OK"]

        wait_until(lambda: not broken(), within, "all OK", every=1)

    def verb(self, *words: str) -> Any:
        return carried_out(*words, *self._inventory)

    def deploy(self, layer: str) -> list[str]:
        return lab.changes(lab.pyinfra("-y", self._path, f"deploy/{layer}.py"))


@contextmanager
def kept(folder: Path, availability: str, services: Sequence[str], without: Collection[str] = ()) -> Iterator[Kept]:
    """That of `services` deployed while its context is open, in an inventory that has nothing of those `without`."""
    path = folder / "changed.py"
    path.write_text(INVENTORY.format(availability=availability, services=tuple(services), without=tuple(without)))
    found = Kept(path, ("haproxy", *services))
    try:
        for layer in found.deployed:
            found.deploy(layer)
        yield found
    finally:
        for layer in found.deployed:
            lab.deploy(layer)
        lab.all_ok(within=300)


def owner() -> str:
    """The controller that has the VIP."""
    (found,) = owners()
    return found


def failures() -> str:
    """What Pacemaker tells of what has failed."""
    return lab.ssh(owner(), "crm_mon -1 --include=none,failcounts,failures 2>/dev/null; true")


def gets(port: int, path: str) -> Calls:
    """Ten GETs a second of what a service answers to everybody, at the controllers' VIP."""
    return Calls(10, lambda: asked(f"http://{lab.CONTROLLER_VIP}:{port}{path}")[0])


@contextmanager
def sampled(process: str) -> Iterator[list[set[str]]]:
    """On which controllers it ran, ten times a second: each sample with all three hosts' word for that tenth.

    `process` is a pattern of pgrep's that matches no command which looks for it.
    """
    path = "/run/hatui-test-samples"
    sample = f"while sleep 0.05; do echo $(date +%s%1N) $(pgrep -c -f {process}); done >>{path}"
    found: list[set[str]] = []
    for name in CONTROLLERS:
        begin = f"systemd-run --quiet --unit=hatui-test-samples sh -c '{sample}'"
        lab.ssh(name, f"systemctl stop hatui-test-samples 2>/dev/null; rm -f {path}; {begin}")
    try:
        yield found
    finally:
        ran: dict[str, set[str]] = {}
        for name in CONTROLLERS:
            # One that was fenced has its samples no more, nor a keystone from before.
            said = lab.ssh(name, f"systemctl stop hatui-test-samples 2>/dev/null; cat {path} 2>/dev/null; true")
            for line in said.splitlines():
                when, count = line.split()
                if int(count):
                    ran.setdefault(when, set()).add(name)
        found.extend(ran.values())


def falls_out(passive: Kept, api: Api, process: str, fault: str) -> None:
    """One that Pacemaker runs alone is hit by a fault: it is noticed, and started anew where it is."""
    passive.all_ok(within=300)
    holder, unit = owner(), api.unit.removesuffix(".service")
    with gets(api.port, api.health) as calls, sampled(process) as samples:
        calls.wait_for_acks(10, 20)
        begun = time.monotonic()
        with lab.fault(fault, holder, unit=unit):
            wait_until(lambda: f"hatui-{unit}" in failures(), 60, "Pacemaker has noticed", every=0.1)
            noticed = time.monotonic() - begun
            calls.wait_for_acks(10, 300)
    print(f"{unit}, {fault}: noticed after {noticed:.1f} s, without an answer for {calls.gap:.1f} s")
    assert noticed <= 10 * slower(), noticed
    assert calls.gap <= 45 * slower(), (calls.gap, calls.errors[-3:])
    assert owner() == holder and all(len(hosts) == 1 for hosts in samples)
    lab.ssh(holder, f"crm_resource --cleanup --resource hatui-{unit} >/dev/null 2>&1; true")
