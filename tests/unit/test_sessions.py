"""How many questions a host is asked at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from operations import hosts


def test_a_host_is_asked_no_more_at_once_than_its_sshd_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    open_now, most = [0], [0]

    def run_shell_command(*_: object, **__: object) -> tuple[bool, Any]:
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        gevent.sleep(0.01)
        open_now[0] -= 1
        return True, SimpleNamespace(stdout="said")

    host = SimpleNamespace(run_shell_command=run_shell_command, connector=None)
    monkeypatch.setattr(hosts, "named", lambda _: host)
    monkeypatch.setattr(hosts, "pop_global_arguments", lambda *_: ({}, None))
    monkeypatch.setattr(hosts, "state", SimpleNamespace(print_output=False, print_input=False))
    asked = [gevent.spawn(hosts.shell, "h1", "true") for _ in range(30)]
    assert [one.get() for one in asked] == ["said"] * 30
    assert most[0] == hosts.SESSIONS == 8
