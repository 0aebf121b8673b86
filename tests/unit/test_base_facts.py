"""Units and files as a host tells of them."""

from __future__ import annotations

import os
import signal
import subprocess

from facts.base import FileStates, parse_processes, parse_services, processes_command, services_command

SHOWN = """\
Id=haproxy.service
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no

Id=keepalived.service
ActiveState=inactive
SubState=dead
UnitFileState=disabled
NeedDaemonReload=yes

Stamp=haproxy.service 1111 2222

Stamp=keepalived.service none 2222
"""


def test_units_and_whether_a_restart_is_due() -> None:
    services = parse_services(SHOWN)
    haproxy, keepalived = services["haproxy.service"], services["keepalived.service"]
    assert (haproxy.active, haproxy.sub, haproxy.enabled, haproxy.restart_due) == ("active", "running", True, True)
    assert not haproxy.reload_due
    # What does not run reads its files when it starts: nothing is due.
    assert (keepalived.active, keepalived.enabled, keepalived.restart_due) == ("inactive", False, None)
    assert keepalived.reload_due


def test_an_unchanged_file_is_not_due_and_a_unit_without_a_stamp_is() -> None:
    assert parse_services(SHOWN.replace("1111", "2222"))["haproxy.service"].restart_due is False
    assert parse_services(SHOWN.replace("1111", "none"))["haproxy.service"].restart_due is True


def test_garbage_gives_no_unit() -> None:
    assert parse_services("bash: systemctl: not found\n\x00\n=\nStamp=\n") == {}


def test_names_are_quoted_for_the_shell() -> None:
    assert "'a; reboot'" in services_command({"a; reboot": ("b c",)})
    assert "'x $(y)'" in FileStates().command(paths=["x $(y)"])


def test_files_with_blanks_in_their_names() -> None:
    states = FileStates().process(["ab12 0640 root haproxy /etc/a b", "garbage"])
    assert states == {"/etc/a b": ("ab12", "0640", "root", "haproxy")}


def test_the_processes_of_a_program_and_what_they_do() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        os.kill(sleeper.pid, signal.SIGSTOP)
        os.waitpid(sleeper.pid, os.WUNTRACED)
        done = subprocess.run(
            ["sh", "-c", f"echo before; {processes_command('no-such.service', 'sleep')}"],
            text=True, capture_output=True, check=True,
        )  # fmt: skip
        before, states = parse_processes(done.stdout.rstrip("\n"), "sleep")
        assert before == "before\n" and states is not None and "T" in states and done.stderr == ""
        assert parse_processes("before", "sleep") == ("before\n", None)
        assert parse_processes("before\n\nProcesses=", "sleep") == ("before\n", ())
    finally:
        sleeper.kill()
        sleeper.wait()
