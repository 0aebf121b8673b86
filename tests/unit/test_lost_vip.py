"""The program that ends the sessions of a VIP that has left a balancer, among stand-ins of what it asks."""

from __future__ import annotations

import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.keepalived.names import END_PROGRAM, VIP_HOLD_PROGRAM
from deploy.balancer_files import haproxy_files, keepalived_files
from operations.leaving import hold_back
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


OPEN = "0x1: proto=tcpv4 fe=database be=galera age=3m calls=1\n0x2: proto=unix_stream fe=GLOBAL age=0s calls=1\n"
YOUNG = "0x3: proto=tcpv4 fe=database be=galera age=1s calls=1\n"


@pytest.fixture
def leaves(tmp_path: Path) -> Callable[..., str]:
    """Runs what is run before the VIP leaves, before a HAProxy that gives `answers`, the last one again and again.

    Gives what nft was told, and how often HAProxy was asked.
    """
    log = tmp_path / "log"

    def run(*, held: bool, answers: Sequence[str], refuses: bool = False) -> str:
        stand_ins = {
            "ip": f"echo '2: eth0 inet {VIP if held else '192.0.2.121'}/32'",
            "nft": "exit 1" if refuses else f"echo nft >>{log}; cat >>{log}",
        }
        for name, body in stand_ins.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        log.write_text("")
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        with haproxy(tmp_path / "sock", answers) as asked:
            program = hold_back(str(tmp_path / "sock"))
            subprocess.run(["perl", "-e", program, VIP], check=True, env=environment, timeout=20)
        return f"{log.read_text()}asked {len(asked)}"

    return run


@contextmanager
def haproxy(path: Path, answers: Sequence[str]) -> Iterator[list[str]]:
    """A stand-in of HAProxy's socket, and what it was asked; without answers there is none."""
    asked: list[str] = []

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode())
            self.wfile.write(answers[min(len(asked), len(answers)) - 1].encode())

    if not answers:
        yield asked
        return
    with socketserver.UnixStreamServer(str(path), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield asked
        finally:
            path.unlink()
            server.shutdown()
            thread.join()


def test_an_owner_lets_nobody_new_in_for_a_bounded_time(leaves: Callable[..., str]) -> None:
    assert f"held {{ {VIP} timeout 1500ms }}" in leaves(held=True, answers=[OPEN])


def test_who_can_not_hold_back_says_so(leaves: Callable[..., str]) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        leaves(held=True, answers=[OPEN], refuses=True)


def test_who_is_being_let_in_comes_to_an_end_first(leaves: Callable[..., str]) -> None:
    two, one = OPEN + YOUNG + YOUNG, OPEN + YOUNG
    # Asked once before anything is done, and until nobody is let in any more in two looks.
    assert leaves(held=True, answers=[two, two, one, OPEN]).endswith("asked 5")
    assert leaves(held=True, answers=[two, OPEN, one, OPEN]).endswith("asked 5")


def test_those_that_stay_open_are_not_waited_for_without_end(leaves: Callable[..., str]) -> None:
    assert "asked" in leaves(held=True, answers=[OPEN + YOUNG])


@pytest.mark.parametrize(("held", "answers"), [(False, [OPEN]), (True, [])])
def test_who_has_no_vip_or_lets_nobody_in_anyway_holds_nobody_back(
    leaves: Callable[..., str], held: bool, answers: Sequence[str]
) -> None:
    assert leaves(held=held, answers=answers) == "asked 0"


def test_the_vip_is_left_so_by_each_unit_whose_stop_takes_it_away() -> None:
    line = f"ExecStop=-+{VIP_HOLD_PROGRAM} {VIP}\n"
    files = [*haproxy_files(CLUSTER, "haproxy1", "secret"), *keepalived_files(CLUSTER, "haproxy1", "eth0")]
    units = {file.path: file.content.decode() for file in files if file.path.endswith("hatui.conf")}
    assert len(units) == 2 and all(line in unit for unit in units.values())
    haproxy = next(unit for path, unit in units.items() if "haproxy.service" in path)
    # Before the mark that takes the VIP away.
    assert haproxy.index(line) < haproxy.index("echo 1 >")
