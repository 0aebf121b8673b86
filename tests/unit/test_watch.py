"""The observer as a process, with scripts for hosts: its stream, a host that goes and comes back, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.galera.record import WSREP_STATUS
from cluster.health.verdict import Verdict
from cluster.keepalived.record import VRRP_OWNER
from cluster.layers import FACTS
from cluster.locked import CLUSTER_LOCK, LockNode
from cluster.state import HOSTS as HOSTS_ASKED
from cluster.state import ClusterState, Unknown
from cluster.wire.lines import FIRST
from cluster.wire.observed import Event, Snapshot, Told, told
from engine.look import WITHIN
from engine.observe.stream import Stream
from engine.observe.watch import Watch
from engine.own import TICK
from engine.start import own
from tests.pace import stretched
from tests.unit.test_health import HEALTHY, HOSTS, SPEC, VIP

ROOT = Path(__file__).parents[2]
MOVED = {"haproxy1": HEALTHY[VRRP_OWNER]["haproxy2"], "haproxy2": HEALTHY[VRRP_OWNER]["haproxy1"]}
INVENTORY = """
from dataclasses import replace
from tests.unit.test_health import HEALTHY, HOSTS, SPEC, VIP
CLUSTER = replace(SPEC, hosts={name: HOSTS[name] for name in ("haproxy1", "haproxy2")})
"""
# What a host's shell runs is this machine's; a file says that the host can't be reached, or hangs.
SSH = """#!/bin/sh
for last; do before=$address; address=$last; done
[ ! -e "$FOLDER/mute-$before" ] || exec sleep 20
[ ! -e "$FOLDER/away-$before" ] || { echo "no route to $before" >&2; exit 255; }
echo $$ >>"$FOLDER/pids"
echo $$ >"$FOLDER/pid-$before"
export HOST="$before"
exec sh -c "$last"
"""
# Which host has the VIP is told by a file.
IP = """#!/bin/sh
[ ! -e "$FOLDER/vip-$HOST" ] || address='{"family":"inet","local":"%s","prefixlen":32}'
echo "[{\\"ifname\\":\\"host0\\",\\"addr_info\\":[$address]}]"
"""


class Watched:
    """An observer of two hosts that know of nothing: their layers are all down."""

    def __init__(self, folder: Path, *program: str, every: float = 0.5) -> None:
        self.folder = folder
        (folder / "inventory.py").write_text(INVENTORY)
        (folder / "ssh").write_text(SSH)
        (folder / "ssh").chmod(0o755)
        self.process = subprocess.Popen(
            [*own(*program), "--inventory", str(folder / "inventory.py"), "--every", str(every)],
            cwd=ROOT,
            env={
                "XDG_STATE_HOME": str(folder),
                **os.environ,
                "PATH": f"{folder}:{os.environ['PATH']}",
                "FOLDER": str(folder),
            },
            stdout=subprocess.PIPE,
        )

    def until(self, wanted: Callable[[Told], object]) -> Told:
        """The first line that is wanted."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # The first one says the version.
            if line != FIRST and wanted(one := told(line)):
                return one
        raise AssertionError("the stream ended")

    def clients(self) -> list[int]:
        """Those of all clients, and of what they started, that are there."""
        pids = [int(line) for line in (self.folder / "pids").read_text().split()]
        return [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path, "engine", "watch")
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def test_the_first_complete_snapshot_has_every_host_s_answer(watched: Watched) -> None:
    # On a busy machine one comes before it that says whose answers are missing.
    first = watched.until(lambda one: isinstance(one, Snapshot) and one.complete)
    assert isinstance(first, Snapshot)
    assert set(first.state) == set(first.ages) == {HOSTS_ASKED, *FACTS}
    assert all(age is not None and age < 5 for age in first.ages["vrrp"].values())
    assert [layer.layer for layer in first.layers][:2] == ["hosts", "haproxy"]


def test_one_that_does_not_answer_hides_nobody(tmp_path: Path) -> None:
    # The address of the second of the two.
    address = HOSTS["haproxy2"].address
    (tmp_path / f"mute-{address}").touch()
    one = Watched(tmp_path, "engine", "watch")
    try:
        first = one.until(lambda one: True)
        assert isinstance(first, Snapshot) and not first.complete
        assert "reason" not in first.state["hosts"]["haproxy1"]
        assert first.state["hosts"]["haproxy2"]["reason"] == "has not answered yet"
        assert first.layers[0].verdict is Verdict.UNKNOWN
        later = one.until(lambda one: isinstance(one, Event) or one.complete)
        assert isinstance(later, Snapshot), "nothing changed, but for what was known of it"
    finally:
        one.process.kill()
        one.process.wait()


def test_a_host_that_goes_and_comes_back_is_told_of(watched: Watched) -> None:
    watched.until(lambda one: isinstance(one, Snapshot) and one.layers[0].verdict is Verdict.OK)
    for pid in watched.clients():
        os.kill(pid, signal.SIGKILL)
    for host in range(256):
        (watched.folder / f"away-192.0.2.{host}").touch()
    gone = watched.until(lambda one: isinstance(one, Event) and one.layer == "hosts" and one.host == "haproxy1")
    assert isinstance(gone, Event) and gone.text == "haproxy1 was there, and is not answering"
    shown = watched.until(lambda one: isinstance(one, Snapshot))
    assert isinstance(shown, Snapshot)
    assert "can't be reached: no route to 192.0.2." in shown.state["vrrp"]["haproxy1"]["reason"]
    for host in range(256):
        (watched.folder / f"away-192.0.2.{host}").unlink()
    back = watched.until(lambda one: isinstance(one, Event) and one.layer == "hosts" and one.host == "haproxy1")
    assert isinstance(back, Event) and back.text == "haproxy1 was not answering, and is there"


def test_the_heir_of_a_host_that_lost_its_power_is_the_owner_and_no_split_is_told_until_there_is_one(
    tmp_path: Path,
) -> None:
    one, two = (HOSTS[name].address for name in ("haproxy1", "haproxy2"))
    (tmp_path / "ip").write_text(IP % VIP)
    (tmp_path / "ip").chmod(0o755)
    (tmp_path / f"vip-{one}").touch()
    watched = Watched(tmp_path, "engine", "watch", every=0.1)
    told_of: list[Told] = []

    def until(wanted: Callable[[Told], bool]) -> Told:
        def noted(line: Told) -> bool:
            told_of.append(line)
            return wanted(line)

        return watched.until(noted)

    def owned_by(names: str) -> Callable[[Told], bool]:
        def so(line: Told) -> bool:
            return isinstance(line, Snapshot) and line.complete and names == owner(line)

        def owner(seen: Snapshot) -> str:
            return next(one.value for one in seen.where if one.vip == VIP)

        return so

    try:
        until(owned_by("haproxy1"))
        # It says nothing more, as without power, and the other one takes over.
        (tmp_path / f"away-{one}").touch()
        os.kill(int((tmp_path / f"pid-{one}").read_text()), signal.SIGSTOP)
        (tmp_path / f"vip-{two}").touch()
        until(owned_by("haproxy2"))
        gone = "haproxy1 was there, and is not answering"
        until(lambda _: any(isinstance(line, Event) and line.text == gone for line in told_of))
        assert not [line for line in told_of if isinstance(line, Event) and "haproxy1, haproxy2" in line.text]
        assert not [line for line in told_of if isinstance(line, Snapshot) and "(split)" in line.layers[2].reason]
        # It comes back, and has the VIP still.
        (tmp_path / f"away-{one}").unlink()
        split = until(owned_by("haproxy1, haproxy2"))
        assert isinstance(split, Snapshot) and "(split)" in split.layers[2].reason
    finally:
        watched.process.kill()
        watched.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_it_ends(watched: Watched, number: signal.Signals) -> None:
    watched.until(lambda one: True)
    assert len(watched.clients()) == 2
    watched.process.send_signal(number)
    assert watched.process.wait(stretched(10)) == (0 if number is not signal.SIGKILL else -signal.SIGKILL)
    end = time.monotonic() + 10
    while watched.clients():
        assert time.monotonic() < end, "clients are left"
        time.sleep(0.05)


def test_it_ends_when_nobody_reads(watched: Watched) -> None:
    watched.until(lambda one: True)
    assert watched.process.stdout is not None
    watched.process.stdout.close()
    assert watched.process.wait(stretched(10)) == 0
    assert watched.clients() == []


def test_the_verb_prints_what_is_so_then_each_change_and_ends_with_the_last_verdict(tmp_path: Path) -> None:
    one = Watched(tmp_path, "tui.main", "status", "--watch", "--plain")
    assert one.process.stdout is not None
    try:
        first = one.process.stdout.readline().decode().split("\t")
        assert first[0] == "cluster" and first[3].startswith("seen at ")
        for host in range(256):
            (tmp_path / f"away-192.0.2.{host}").touch()
        for pid in one.clients():
            os.kill(pid, signal.SIGKILL)
        for line in one.process.stdout:
            at, *fields = line.decode().rstrip("\n").split("\t")
            if fields == ["hosts", "haproxy1", "UNKNOWN", "haproxy1 was there, and is not answering"]:
                break
        assert at.startswith("20")
        one.process.send_signal(signal.SIGINT)
        assert one.process.wait(stretched(10)) in (Verdict.UNKNOWN.exit_code, Verdict.FAIL.exit_code)
    finally:
        one.process.kill()
        one.process.wait()


def test_a_sign_of_the_lock_holds_nothing_up_and_asks_nobody_else_for_it() -> None:
    async def stirred(layer: str) -> tuple[bool, list[str]]:
        whole = Watch(SPEC, 1.0, Stream(os.open(os.devnull, os.O_WRONLY), lambda: None))
        now = asyncio.get_running_loop().time() + 0.01
        for host in whole.hosts:
            host.turns.due(now)
            for name in FACTS:
                host.turns.answered(name, now)
        whole._stirred("mysql1", (layer,))
        return whole._memory.holds, [host.name for host in whole.hosts if host.turns.due(now + 0.1)]

    assert asyncio.run(stirred("lock")) == (False, [])
    assert asyncio.run(stirred("galera")) == (True, ["mysql2", "mysql3"])


class Collected:
    """Stands for the stream: what was told."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def tell(self, message: Any) -> bool:
        self.lines.append(message)
        return True


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def answers(whole: Watch, now: float, state: ClusterState) -> None:
    """Every host says all that it is asked."""
    for name in SPEC.hosts:
        whole._memory.heard(name, now)
        for layer in FACTS:
            if name in state.seen.get(layer, {}):
                whole._memory.saw(name, layer, state.seen[layer][name], now, now, 0.1)


@pytest.mark.parametrize(("stall", "anew"), [(2.0, False), (7.0, True), (3600.0, True)])
def test_an_observer_that_was_stopped_blames_no_host_and_waits_for_all_anew(stall: float, *, anew: bool) -> None:
    """As after SIGSTOP and SIGCONT, or a loop that was blocked: what was said before waits in the pipes."""

    async def held_up() -> None:
        clock, stream = Clock(), Collected()
        told_by: Any = stream
        whole = Watch(SPEC, 1.0, told_by, clock)
        state = HEALTHY.having({CLUSTER_LOCK: {name: LockNode(held=False) for name in SPEC.hosts}})
        answers(whole, whole.own.now(), state)
        before = whole._now()
        for host in whole.hosts:
            host.turns.due(whole.own.now())
        clock.time += stall
        now = whole.own.now()
        assert not [host.name for host in whole.hosts if host.turns.overdue(now, WITHIN)]
        assert whole._memory.state(now)[WSREP_STATUS] == state[WSREP_STATUS]
        assert whole._memory.ages(now)["galera"]["mysql1"] == stall
        telling = asyncio.ensure_future(whole._tell_changes(before))
        await asyncio.sleep(0)
        if anew:
            asked = [host.name for host in whole.hosts if host.turns.due(whole.own.now())]
            assert asked == [], "what was asked before is awaited still"
            unknown = Unknown(f"is asked anew: this machine was too busy (its own timer was {stall - 0.25:.1f} s late)")
            assert whole._memory.state(now)[WSREP_STATUS]["mysql1"] == unknown
            # What was on its way tells of what was so before.
            whole._memory.saw("mysql1", "galera", HEALTHY[WSREP_STATUS]["mysql1"], now, now - 0.5, 0.1)
            assert whole._memory.state(now)[WSREP_STATUS]["mysql1"] == unknown
            answers(whole, whole.own.now(), state.having({VRRP_OWNER: MOVED}))
            whole._changed.set()
        after = await telling
        texts = [line.text for line in stream.lines if isinstance(line, Event)]
        moved = [f"the owner of {VIP} was haproxy1, and is haproxy2"]
        late = f"nothing was looked at: this machine was too busy (its own timer was {stall - 0.25:.1f} s late)."
        assert texts == ([f"{late} Every host is asked anew", *moved] if anew else [])
        assert after.layers[0].verdict is Verdict.OK
        assert not [line for line in stream.lines if isinstance(line, Snapshot) and line.verdict is Verdict.UNKNOWN]

    asyncio.run(held_up())


class Client:
    """Stands for the connection to a host that says nothing."""

    def __init__(self, waits: float) -> None:
        self.waits = waits

    def waited(self) -> float:
        return self.waits

    def ask(self, names: object) -> None:
        pass


@pytest.mark.parametrize(
    ("waits", "reason"),
    [
        (3.0, ""),
        (0.5, "did not answer within 4 s"),
        (
            16.0,
            "was not waited for any longer: this machine was too busy "
            "(its own processes waited 16.0 s for a processor)",
        ),
    ],
)
def test_a_host_whose_client_got_no_processor_here_is_waited_for_longer(waits: float, reason: str) -> None:
    async def asked() -> str:
        clock, stream = Clock(), Collected()
        told_by: Any = stream
        whole = Watch(SPEC, 1.0, told_by, clock)
        host = whole.hosts[0]
        client: Any = Client(waits)
        host._heard = host._clock()
        host.turns.begin(host._heard)
        host.turns.due(host._heard)
        for _ in range(80 if waits > 15 else 20):
            clock.time += TICK
            host._clock()
        asking = asyncio.ensure_future(host._ask(client))
        await asyncio.sleep(0)
        if not asking.done():
            asking.cancel()
            return ""
        return str(asking.exception()).partition(" when it was asked for")[0]

    assert asyncio.run(asked()) == reason
