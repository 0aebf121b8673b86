"""Bad inventories, run as a person runs them: what is wrong is said, the exit code is not 0, no host is reached."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inventories import ABSENT, Change, inventory

TOP = Path(__file__).parents[2]
PYINFRA = str(Path(sys.executable).parent / "pyinfra")

TEXT = """
from cluster.spec import Role
from deploy.inventory import cluster_of, members

CLUSTER = cluster_of({data!r})
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
"""

BAD: dict[str, tuple[list[Change], list[str]]] = {
    "a VIP that is a node's": (
        [(("keepalived", "vip"), "127.8.0.11")],
        ["keepalived.vip is 127.8.0.11, which hosts.haproxy.lb1 has already"],
    ),
    "one VIP for both": (
        [(("pacemaker", "vip"), "127.8.0.10")],
        ["pacemaker.vip is 127.8.0.10, which keepalived.vip has already"],
    ),
    "an address twice": (
        [(("hosts", "galera", "db2"), "127.8.0.21")],
        ["hosts.galera.db2 is 127.8.0.21, which hosts.galera.db1 has already"],
    ),
    "an address outside": (
        [(("hosts", "network", "net1"), "127.99.0.1")],
        ["hosts.network.net1 is 127.99.0.1: it must be in the network 127.8.0.0/16."],
    ),
    "a VRID that VRRP has not": (
        [(("keepalived", "virtual_router_id"), 256)],
        ["keepalived.virtual_router_id is 256: it must be from 1 to 255"],
    ),
    "equal priorities": (
        [(("keepalived", "priorities", "lb2"), 111)],
        ["keepalived.priorities.lb2 is 111, as lb1 has"],
    ),
    "two database nodes": (
        [(("hosts", "galera", "db3"), ABSENT)],
        ["hosts.galera has 2 and there is no arbitrator"],
    ),
    "four voters": (
        [(("hosts", "galera", "db4"), "127.8.0.24")],
        ["hosts.galera has 4: 4 voters can split in equal halves"],
    ),
    "two controllers": (
        [(("hosts", "controller", "ctl3"), ABSENT)],
        [
            "hosts.controller has 2: it must be 3, 5 or another odd number",
            "pacemaker.fencing.ctl3 is for no controller",
        ],
    ),
    "one balancer": (
        [(("hosts", "haproxy", "lb2"), ABSENT)],
        [
            "hosts.haproxy has 1: at least 2 balancers are needed",
            "keepalived.priorities.lb2 is 110, but 'lb2' is no balancer: there are lb1.",
        ],
    ),
    "an algorithm of HTTP": (
        [(("haproxy", "database_algorithm"), "uri")],
        ["haproxy.database_algorithm is 'uri': it works on HTTP requests"],
    ),
    "mirrored queues on Debian 13": (
        [(("release",), "trixie"), (("rabbitmq", "queue_type"), "mirrored")],
        ["rabbitmq.queue_type is 'mirrored': Debian 13 has RabbitMQ 4"],
    ),
    "a name with a line of haproxy.cfg in it": (
        [(("hosts", "network", "db1\n    stats socket /tmp/x level admin"), "127.8.0.50")],
        ["hosts.network.'db1\\n    stats socket /tmp/x level admin' has no name that a host can have"],
    ),
    "a setting that opens the database": (
        [(("galera", "settings"), {"skip_grant_tables": 1})],
        ["galera.settings.skip_grant_tables can't be set to 1"],
    ),
    "a setting with a second line": (
        [(("galera", "settings"), {"sql_mode": "X\nwsrep_on=OFF"})],
        ["galera.settings.sql_mode is 'X\\nwsrep_on=OFF': it must have no quote"],
    ),
    "a password where its source belongs": (
        [(("secrets", "bmc"), "hunter2")],
        ["secrets.bmc names no source"],
    ),
    "a key misspelt": (
        [(("keepalivd",), {})],
        ["keepalivd is no key that hatui knows: did you mean keepalived?"],
    ),
    "four mistakes at once": (
        [
            (("network",), "127.8.0.0"),
            (("keepalived", "advert_interval"), 0.001),
            (("corosync", "token_ms"), "1000"),
            (("pacemaker", "vip"), ABSENT),
        ],
        [
            "network is '127.8.0.0': it must be an IPv4 network",
            "keepalived.advert_interval is 0.001: it must be from 0.01 to 40.95 seconds",
            "corosync.token_ms is '1000': it must be a whole number.",
            "pacemaker.vip is missing: it must be given.",
        ],
    ),
}


class Listener:
    """Stands for the ssh of every host: all of 127.0.0.0/8 leads to it. Counts who came."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        self._socket.bind(("0.0.0.0", 0))
        self._socket.listen()
        self.port: int = self._socket.getsockname()[1]
        self.callers = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.callers += 1
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()


def run(data: dict[str, Any], listener: Listener, folder: Path) -> subprocess.CompletedProcess[str]:
    """`pyinfra -y FILE deploy/ha.py` with an inventory whose hosts are all the `listener`."""
    data.setdefault("ssh", {})["port"] = listener.port
    file = folder / "prod.py"
    file.write_text(TEXT.format(data=data))
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    command = [PYINFRA, "-y", str(file), "deploy/ha.py"]
    return subprocess.run(
        command,
        cwd=TOP,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("name", BAD)
def test_refused_before_a_host_is_touched(name: str, listener: Listener, tmp_path: Path) -> None:
    changes, sentences = BAD[name]
    done = run(inventory(*changes), listener, tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("Inventory: ")]
    assert len(said) == len(sentences) + 1, done.stderr
    for sentence in sentences:
        assert any(line.startswith(f"Inventory: {sentence}") for line in said), done.stderr
    assert said[-1].endswith("No host was touched.")
    assert "Traceback" not in done.stdout + done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert listener.callers == 0
    assert not (tmp_path / "data").exists(), "a secret was made for a cluster that can't be"


def test_the_good_one_does_reach_them(listener: Listener, tmp_path: Path) -> None:
    """Without this, a listener that nobody could have reached would prove nothing."""
    done = run(inventory(), listener, tmp_path)
    assert done.returncode != 0
    assert "Inventory: " not in done.stderr
    assert listener.callers > 0
