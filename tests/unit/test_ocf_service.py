"""The resource agent ocf:hatui:service, with a systemctl and a curl that say what a test has them say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/files/ocf_service.sh"
OK, GENERIC, CONFIGURED, NOT_RUNNING = 0, 1, 6, 7
FUNCTIONS = """
OCF_SUCCESS=0 OCF_ERR_GENERIC=1 OCF_ERR_UNIMPLEMENTED=3 OCF_ERR_INSTALLED=5 OCF_ERR_CONFIGURED=6 OCF_NOT_RUNNING=7
ocf_log() { echo "$@" >>"$STATE/log"; }
ocf_exit_reason() { echo "$@" >>"$STATE/reason"; }
ocf_is_probe() { [ "$OCF_RESKEY_CRM_meta_interval" = 0 ]; }
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >>"$STATE/told"
case $1 in
    show)
        echo "ActiveState=$(cat "$STATE/active")"
        cat "$STATE/job" 2>/dev/null
        echo "InvocationID=$(cat "$STATE/run")"
        echo "ControlGroup="
        cat "$STATE/shown" 2>/dev/null
        echo "InactiveExitTimestampMonotonic=$(cat "$STATE/since")"
        ;;
    start) cp "$STATE/after_start" "$STATE/active" ;;
    stop) cp "$STATE/after_stop" "$STATE/active" ;;
    kill) echo failed >"$STATE/active" ;;
    reset-failed) [ "$(cat "$STATE/active")" != failed ] || echo inactive >"$STATE/active" ;;
esac
"""
CURL = '#!/bin/sh\necho "$@" >>"$STATE/asked"\n[ -e "$STATE/answers" ]\n'
# A second passes each time that somebody asks how late it is.
CUT = """#!/bin/sh
case $3 in
    /proc/uptime) echo x >>"$STATE/asked_time"; echo $((100000 + $(grep -c x "$STATE/asked_time"))) ;;
    /proc/loadavg) cat "$STATE/load" ;;
    *) exec /usr/bin/cut "$@" ;;
esac
"""


class Host:
    """What the agent finds, and what it has told systemd."""

    def __init__(self, path: Path) -> None:
        self._path = path
        programs = {"systemctl": SYSTEMCTL, "curl": CURL, "journalctl": "#!/bin/sh\necho no module\n"}
        for name, text in {**programs, "cut": CUT, "sleep": "#!/bin/sh\n", "nproc": "#!/bin/sh\necho 2\n"}.items():
            (path / name).write_text(text)
            (path / name).chmod(0o755)
        (path / "ocf-shellfuncs").write_text(FUNCTIONS)
        self.so(active="active", run="run1", since="0", load="0", after_start="active", after_stop="inactive")

    def so(self, **files: str) -> None:
        for name, text in files.items():
            (self._path / name).write_text(f"{text}\n")

    def answers(self, does: bool) -> None:
        (self._path / "answers").touch() if does else (self._path / "answers").unlink(missing_ok=True)

    def does(self, action: str, *, probe: bool = False, **parameters: str) -> int:
        given = {"unit": "keystone.service", "ask": "/etc/hatui/keystone.health", **parameters}
        environment = {
            **os.environ,
            **{f"OCF_RESKEY_{name}": value for name, value in given.items() if value},
            "OCF_RESKEY_CRM_meta_interval": "0" if probe else "5000",
            "OCF_FUNCTIONS_DIR": str(self._path),
            "OCF_RESOURCE_INSTANCE": "hatui-keystone",
            "HA_RSCTMP": str(self._path),
            "STATE": str(self._path),
            "PATH": f"{self._path}:{os.environ['PATH']}",
        }
        return subprocess.run(["sh", SCRIPT, action], env=environment, timeout=60).returncode

    def said(self, name: str) -> str:
        path = self._path / name
        return path.read_text() if path.exists() else ""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def up(seconds: int) -> str:
    """When a unit was started that runs for that long, in microseconds of the machine's uptime."""
    return str((100_000 - seconds) * 1_000_000)


def test_one_that_answers_runs_and_one_that_hangs_has_failed(host: Host) -> None:
    host.answers(True)
    assert host.does("monitor") == OK
    # Right after its start, too: it has answered once.
    host.so(since=up(10))
    host.answers(False)
    assert host.does("monitor") == GENERIC
    assert "keystone.service runs, and does not answer" in host.said("reason")
    # It is asked twice.
    assert host.said("asked").count("-m 2 ") == 3


@pytest.mark.parametrize(("load", "patience"), [("1", 2), ("3", 2), ("8", 8), ("100", 20)])
def test_a_busy_machine_is_slow_and_not_dead(host: Host, load: str, patience: int) -> None:
    host.so(load=load)
    host.answers(True)
    assert host.does("monitor") == OK
    assert f"-m {patience} " in host.said("asked")


def test_one_that_starts_is_given_its_time(host: Host) -> None:
    host.so(since=up(100))
    assert host.does("monitor") == OK
    assert "has not answered yet" in host.said("log")
    host.so(since=up(301))
    assert host.does("monitor") == GENERIC
    assert host.does("monitor", startup="400") == OK


def test_whoever_restarts_it_by_systemctl_is_let_do_so(host: Host) -> None:
    host.answers(True)
    assert host.does("monitor") == OK
    host.answers(False)
    for active in ("deactivating", "activating"):
        host.so(active=active)
        assert host.does("monitor") == OK
    host.so(active="inactive", job="Job=17")
    assert host.does("monitor") == OK
    # Another start: it has not answered since.
    host.so(active="active", job="", run="run2", since=up(5))
    assert host.does("monitor") == OK


@pytest.mark.parametrize("active", ["inactive", "failed"])
def test_one_that_is_gone_does_not_run(host: Host, active: str) -> None:
    host.so(active=active)
    assert host.does("monitor") == host.does("monitor", probe=True) == NOT_RUNNING


def test_a_probe_of_one_that_hangs_says_that_it_is_there(host: Host) -> None:
    host.answers(True)
    host.does("monitor")
    host.answers(False)
    assert host.does("monitor", probe=True) == OK


def test_a_start_waits_for_the_answer_and_not_for_ever(host: Host) -> None:
    host.so(active="inactive")
    host.answers(True)
    assert host.does("start") == OK
    assert "start --no-block keystone.service" in host.said("told")
    host.so(active="inactive")
    host.answers(False)
    # It goes on starting: the monitor waits for it.
    assert host.does("start") == OK and host.does("monitor") == GENERIC
    host.so(since=up(20), run="run3")
    assert host.does("monitor") == OK
    host.so(active="inactive", after_start="failed")
    assert host.does("start") == GENERIC
    assert "keystone.service did not start: no module" in host.said("reason")


def test_a_stop_ends_with_a_kill_and_leaves_nothing_failed(host: Host) -> None:
    assert host.does("stop") == OK and "kill" not in host.said("told")
    assert host.does("stop") == OK
    host.so(active="active", after_stop="deactivating")
    assert host.does("stop") == OK
    assert "kill -s KILL keystone.service" in host.said("told")
    assert host.said("active").strip() == "inactive"


def test_of_a_unit_that_leaves_processes_behind_its_own_one_alone_is_watched_and_killed(host: Host) -> None:
    def stopped() -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sh", "-c", "kill -STOP $$; sleep 60"])

    with stopped() as process:
        try:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            host.so(since=up(400), shown=f"MainPID={process.pid}\nKillMode=process")
            assert host.does("monitor", ask="") == GENERIC
            # Another one's is none of its.
            host.so(shown=f"MainPID={os.getpid()}\nKillMode=process")
            assert host.does("monitor", ask="") == OK
        finally:
            process.kill()
    host.so(after_stop="deactivating")
    assert host.does("stop") == OK
    assert "kill -s KILL --kill-whom=main keystone.service" in host.said("told")


def test_what_it_is_told_is_described_and_checked(host: Host) -> None:
    said = subprocess.run(
        ["sh", SCRIPT, "meta-data"],
        env={**os.environ, "OCF_FUNCTIONS_DIR": str(host._path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    root = fromstring(said.partition('"ra-api-1.dtd">')[2])
    assert [one.get("name") for one in root.iter("parameter")] == ["unit", "ask", "startup"]
    assert host.does("monitor", unit="") == CONFIGURED
    assert host.does("promote") == 3
