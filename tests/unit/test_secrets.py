"""Secrets: born in a file of mode 0600, stable, from the named source, and never in an error's text."""

from __future__ import annotations

import base64
import json
import multiprocessing
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.spec import Cluster, Keepalived, Pacemaker, Ssh
from deploy.secrets import SecretError, asked, secret, store_path

CLUSTER = Cluster(
    name="one",
    network="192.0.2.0/24",
    release="bookworm",
    hosts={},
    ssh=Ssh(),
    keepalived=Keepalived(vip="192.0.2.47"),
    pacemaker=Pacemaker(vip="192.0.2.48"),
)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_made_on_first_use_and_the_same_ever_after() -> None:
    first = secret(CLUSTER, "probe")
    assert len(first) >= 24
    assert secret(CLUSTER, "probe") == first
    assert secret(CLUSTER, "haproxy_stats") != first
    assert secret(CLUSTER, "probe") == first


def test_the_store_is_born_readable_by_its_owner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    dump = json.dump

    def look(store: object, file: object, **options: int) -> None:
        seen.append(stat.S_IMODE(store_path(CLUSTER).with_suffix(".new").stat().st_mode))
        dump(store, file, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(json, "dump", look)
    secret(CLUSTER, "probe")
    assert seen == [0o600]
    assert stat.S_IMODE(store_path(CLUSTER).stat().st_mode) == 0o600
    assert stat.S_IMODE(store_path(CLUSTER).parent.stat().st_mode) == 0o700


def test_the_authkey_has_the_length_that_corosync_wants() -> None:
    assert len(base64.b64decode(secret(CLUSTER, "corosync_authkey"))) == 256


def _ask(name: str) -> str:
    return secret(CLUSTER, name)


def test_two_first_runs_at_once_agree() -> None:
    with multiprocessing.Pool(8) as pool:
        values = pool.map(_ask, ["probe"] * 16)
    assert len(set(values)) == 1


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATUI_SECRET_PROBE", "from outside")
    assert secret(CLUSTER, "probe") == "from outside"
    assert not store_path(CLUSTER).exists()


@pytest.mark.parametrize(
    ("source", "value"),
    [("file:{}/given", "p w"), ("env:GIVEN", "of env"), ("command:printf 'made %s' here", "made here")],
)
def test_a_source_of_the_inventory(source: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "given").write_text("p w\n")
    monkeypatch.setenv("GIVEN", "of env")
    cluster = replace(CLUSTER, secrets={"bmc": source.format(tmp_path)})
    assert secret(cluster, "bmc") == value


def test_a_command_is_asked_once_a_run_by_it_and_by_the_processes_that_it_begins(tmp_path: Path) -> None:
    """It may have to ask a person, or a service far away: each of a deploy's hosts asked it anew."""
    calls = tmp_path / "calls"
    source = f"command:sh -c 'echo >>{calls}; echo made'"
    cluster = replace(CLUSTER, secrets={"bmc": source, "probe": "command:false"})
    assert [secret(cluster, "bmc") for _ in range(3)] == ["made"] * 3
    printed = asked(cluster)
    assert printed[source.removeprefix("command:")] == "made" and "false" not in printed
    script = f"from deploy.secrets import remember, secret\nremember({printed!r})\n"
    script += "from tests.unit.test_secrets import CLUSTER\nfrom dataclasses import replace\n"
    script += f"print(secret(replace(CLUSTER, secrets={dict(cluster.secrets)!r}), 'bmc'))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told == "made\n" and calls.read_text() == "\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("file:/nowhere/at/all", "The secret bmc can't be had from file:/nowhere/at/all: No such file or directory."),
        ("env:NOT_SET_AT_ALL", "The secret bmc is empty: env:NOT_SET_AT_ALL gives nothing."),
        ("command:false", "The secret bmc can't be had: `false` ended with 1."),
    ],
)
def test_a_source_that_gives_nothing_is_named(source: str, sentence: str) -> None:
    with pytest.raises(SecretError) as raised:
        secret(replace(CLUSTER, secrets={"bmc": source}), "bmc")
    assert str(raised.value) == sentence


def test_what_must_be_given_is_asked_for_by_name() -> None:
    with pytest.raises(SecretError, match="set HATUI_SECRET_BMC, or name its source"):
        secret(CLUSTER, "bmc")


def test_a_store_that_others_can_read_is_refused() -> None:
    value = secret(CLUSTER, "probe")
    store_path(CLUSTER).chmod(0o640)
    with pytest.raises(SecretError, match="can be read by others: run `chmod 600") as raised:
        secret(CLUSTER, "probe")
    assert value not in str(raised.value)


def test_a_broken_store_is_not_replaced() -> None:
    path = store_path(CLUSTER)
    secret(CLUSTER, "probe")
    path.write_text('{"probe": "abc')
    with pytest.raises(SecretError, match="can't be read as JSON") as raised:
        secret(CLUSTER, "rabbitmq_cookie")
    assert path.read_text() == '{"probe": "abc'
    assert "abc" not in str(raised.value)
