"""A layer of another package is loaded by its entry point, and every floor finds its part of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.toy_environment import ROOT, environment

_LOOK = """
from cluster.assess import assess
from cluster.layers import DEPLOYED, LAYERS, asked, unit_of
from cluster.state import ClusterState, ServiceState
from cluster.steady import gates
from cluster.validate import SpecError, cluster_spec
from deploy.parts import file_of
from engine.handling import on
from engine.sections import facts, hints
from hatui_memcached.layer import CACHE, CacheNode
from inventory import DATA
from tui.console.depth import depth_of
from tui.main import parser

assert LAYERS[-1].name == DEPLOYED[-1] == "memcached"
assert {"memcached", "galera"} <= facts().keys() == hints().keys()
assert unit_of("/etc/memcached.conf") == "memcached.service"
assert file_of("memcached").endswith("tests/toy/hatui_memcached/deploy/memcached.py")
spec = cluster_spec({**DATA, "memcached": {"memory_mb": 65}})
assert spec.others["memcached"] == {"memory_mb": 65}
assert asked(spec, "net01") == ("lock", "ports", "memcached")
for wrong, said in (({"memory": 65}, "memcached.memory"), ({"memory_mb": 0}, "must be from 1 to 65536 MB")):
    try:
        cluster_spec({**DATA, "memcached": wrong})
    except SpecError as error:
        assert said in str(error), error
    else:
        raise AssertionError(f"{wrong} was taken")
unit = ServiceState("memcached.service", "active", "running", enabled=True)
state = ClusterState({CACHE.name: {"net01": CacheNode(unit, True, 3), "net02": CacheNode(unit, True)}})
*_, last = assess(spec, state)
assert (last.layer, last.verdict, last.reason) == ("memcached", "OK", "2 of 2 caches answer"), last
assert [(gate.name, gate.open) for gate in gates(spec, state)][-1] == ("caches", True)
assert any(one.restart for one in on(spec, "net01"))
try:
    parser().parse_args(["restart", "memcached"])
except SystemExit:
    raise AssertionError("it can't be restarted") from None
assert any("net01" in line.text for line in depth_of("memcached")(state))
"""


def test_every_floor_has_its_part_of_a_layer_that_another_package_brings(tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    done = subprocess.run([python, "-c", _LOOK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
