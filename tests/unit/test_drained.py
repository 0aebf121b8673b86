"""Who was taken out of service stays out: what is noted on the hosts for the next worker, start and boot."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cluster.haproxy.names import HAPROXY_KEEP_PROGRAM
from cluster.keepalived.names import VIP_AWAY_FILE, VIP_AWAY_KEPT
from cluster.names import LASTING
from cluster.rabbitmq.names import BROKER_DRAINED_FILE
from deploy.balancer_files import haproxy_files, keepalived_files
from operations import brokers, rabbitmq, servers, vip
from tests.unit.test_haproxy import CLUSTER


class _Told:
    """What the hosts are told."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.commands: list[str] = []

    def shell(self, name: str, command: str, **_: object) -> str:
        self.names.append(name)
        self.commands.append(command)
        return ""


STATES = (Path(__file__).parent / "fixtures" / "haproxy_servers_state.txt").read_text()


def kept(tmp_path: Path, said: str) -> subprocess.CompletedProcess[str]:
    """Run the program that notes who is drained, in `tmp_path`, beside a HAProxy that says `said`."""
    (file,) = [one for one in haproxy_files(CLUSTER, "haproxy1", "secret") if one.path == HAPROXY_KEEP_PROGRAM]
    (tmp_path / "said").write_text(said)
    for name, body in {"socat": f"cat {tmp_path}/said", "timeout": 'shift; exec "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    program = tmp_path / "keep"
    program.write_text(file.content.decode().replace(LASTING, f"{tmp_path}/lasting"))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    return subprocess.run(["sh", program], env=environment, capture_output=True, text=True, timeout=20, check=False)


def test_the_next_worker_learns_of_the_drained_servers_alone(tmp_path: Path) -> None:
    assert kept(tmp_path, STATES).returncode == 0
    lines = (tmp_path / "lasting" / "haproxy.state").read_text().splitlines()
    assert lines[0] == "1" and lines[1].startswith("# be_id be_name srv_id")
    # mysql2 is in DRAIN (8), mysql3 in MAINT (1); cc03 is disabled in the settings (4), which stay in force anyway.
    assert [line.split()[3] for line in lines[2:]] == ["mysql2", "mysql3"]
    assert [path.name for path in (tmp_path / "lasting").iterdir()] == ["haproxy.state"]


@pytest.mark.parametrize("said", ["", "Permission denied\n", "1\n"])
def test_a_haproxy_that_does_not_tell_who_is_drained_changes_nothing_that_is_kept(tmp_path: Path, said: str) -> None:
    kept(tmp_path, STATES)
    before = (tmp_path / "lasting" / "haproxy.state").read_text()
    done = kept(tmp_path, said)
    assert done.returncode != 0 and "does not tell" in done.stderr
    assert (tmp_path / "lasting" / "haproxy.state").read_text() == before


def test_what_was_drained_by_hand_is_noted_before_a_reload_and_before_a_stop() -> None:
    (unit,) = [file for file in haproxy_files(CLUSTER, "haproxy1", "secret") if file.path.endswith("hatui.conf")]
    lines = unit.content.decode().splitlines()
    reload = [line.partition("=")[2] for line in lines if line.startswith("ExecReload=")]
    kept = f"-+{HAPROXY_KEEP_PROGRAM}"
    # The first one takes Debian's lines away.
    assert reload[:2] == ["", kept] and reload.index("/bin/kill -USR2 $MAINPID") > 1
    assert f"ExecStop={kept}" in lines


def test_a_server_that_is_given_back_or_taken_away_is_noted_on_each_balancer(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _Told()
    monkeypatch.setattr(servers, "shell", told.shell)
    servers.undrain(["haproxy1", "haproxy2"], "galera", "mysql3")
    assert [
        (name, HAPROXY_KEEP_PROGRAM in command) for name, command in zip(told.names, told.commands, strict=True)
    ] == [
        ("haproxy1", False),
        ("haproxy1", True),
        ("haproxy2", False),
        ("haproxy2", True),
    ]


def test_a_balancer_that_gave_the_vip_up_takes_none_after_its_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    told = _Told()
    monkeypatch.setattr(vip, "shell", told.shell)
    vip._give_up("haproxy1", "192.0.2.47")
    vip._keep_off("haproxy1")
    vip._let_own("haproxy1")
    kept = [f"echo {away} >{VIP_AWAY_KEPT}" for away in (1, 1, 0)]
    noted = [command for command in told.commands if VIP_AWAY_KEPT in command]
    assert len(noted) == 3 and all(one in command for one, command in zip(kept, noted, strict=True)), told.commands
    # Before the VIP goes: a disk that is slow holds up nobody then.
    assert told.commands.index(noted[0]) < next(
        number for number, one in enumerate(told.commands) if "hatui_handover" in one
    )
    unit = next(file for file in keepalived_files(CLUSTER, "haproxy1", "eth0") if file.path.endswith("hatui.conf"))
    assert f"cp {VIP_AWAY_KEPT} {VIP_AWAY_FILE}" in unit.content.decode()


def test_a_broker_that_is_restarted_loses_its_mark_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    done = _Told()
    monkeypatch.setattr(rabbitmq, "shell", done.shell)
    restart = next(step for step in brokers.restarted({"cc01": "192.0.2.100"}, [], "cc01") if "restarts" in step.name)
    restart.act()
    (command,) = done.commands
    assert command.index(f"rm -f {BROKER_DRAINED_FILE}") < command.index("systemctl restart")
