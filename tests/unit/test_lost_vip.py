"""The program that ends the sessions of a VIP that has left a balancer, among stand-ins of what it asks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.balancer_files import keepalived_files
from facts.vrrp import END_PROGRAM
from tests.unit.test_haproxy import CLUSTER

VIP = CLUSTER.keepalived.vip


@pytest.fixture
def lost(tmp_path: Path) -> Callable[..., str]:
    """Runs the program that ends the sessions of a lost VIP among stand-ins of what it asks; what these were told."""
    (program,) = [one for one in keepalived_files(CLUSTER, "haproxy2", "eth0") if one.path == END_PROGRAM]
    log = tmp_path / "log"

    def run(*, held: bool, destroys: bool) -> str:
        stand_ins = {
            "ip": f"echo '2: eth0 inet 192.0.2.121/24'; {f'echo 2: eth0 inet {VIP}/32' if held else ':'}",
            "ss": f'echo "ss $*" >>{log}; case $1 in -H) {":" if destroys else "echo open"} ;; esac',
            "sleep": ":",
            "socat": f"""read -r said; echo "$4 $said" >>{log}; case $said in
                'show stat'*) printf '# pxname,svname\ngalera,mysql1,0,0,1,\nrabbitmq,cc01,0,0,1,\n\n' ;;
                'show proc') printf '# <type>\n# old workers\n77 worker\n' ;;
                esac""",
            "timeout": 'shift; exec "$@"',
        }
        for name, body in stand_ins.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        log.write_text("")
        script = tmp_path / "end_sessions"
        script.write_bytes(program.content)
        subprocess.run(["sh", script, VIP], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, timeout=20)
        return log.read_text()

    return run


def test_the_sessions_of_a_vip_that_has_left_are_ended(lost: Callable[..., str]) -> None:
    said = lost(held=False, destroys=True)
    assert f"ss -K -t state established src {VIP}" in said
    assert "shutdown" not in said


def test_haproxy_ends_them_where_the_kernel_does_not_its_former_workers_too(lost: Callable[..., str]) -> None:
    said = lost(held=False, destroys=False)
    for end in ("shutdown sessions server galera/mysql1", "shutdown sessions server rabbitmq/cc01"):
        assert f"admin.sock {end}\n" in said and f"master.sock @!77 {end}\n" in said, said


def test_the_sessions_of_a_vip_that_is_back_are_left_alone(lost: Callable[..., str]) -> None:
    assert lost(held=True, destroys=True) == ""
