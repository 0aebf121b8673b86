"""What looking all the time costs, and how soon it tells: on real hosts, and with 200 hosts that are scripts."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from bench.main_job import ROOT, fault
from bench.report import Figure
from engine.look import Talk
from engine.own import OwnTime
from engine.sections import commands, facts
from engine.ssh import Line
from inventory import CLUSTER, SUBNET

CGROUPS = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")]
TICKS = os.sysconf("SC_CLK_TCK")


class Reader:
    """Lines of JSON of a program, with the time at which each was read."""

    def __init__(self, *command: str, stdin: str = "", environment: dict[str, str] | None = None) -> None:
        self.lines: list[tuple[float, dict[str, Any]]] = []
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(stdin)
        self.process.stdin.close()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.time(), json.loads(line)))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._thread.join()


@contextlib.contextmanager
def watching(
    command: Sequence[str] = (sys.executable, "-m", "engine", "watch"), environment: dict[str, str] | None = None
) -> Iterator[Reader]:
    """The observer, from its first snapshot on."""
    reader = Reader(*command, environment=environment)
    try:
        end = time.monotonic() + 30
        while not reader.lines and time.monotonic() < end:
            time.sleep(0.05)
        assert reader.lines, "the observer said nothing within 30 s"
        yield reader
    finally:
        reader.end()


def host_time(host: str) -> float:
    """Seconds of processor time that all of a lab host has used (cgroup v2, cpu.stat)."""
    for root in CGROUPS:
        path = root / "halab" / SUBNET.replace("/", "_") / host / "cpu.stat"
        if path.exists():
            return int(path.read_text().split()[1]) / 1e6
    raise FileNotFoundError(f"no cpu.stat of {host}")


def process_time(pid: int) -> float:
    """Seconds of processor time of a process and of its children that are there (proc(5), stat)."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == pid or int(fields[1]) == pid:
                total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def shares(seconds: float) -> dict[str, float]:
    """Per cent of one core that each host uses meanwhile."""
    begin = {name: host_time(name) for name in CLUSTER.hosts}
    since = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - since
    return {name: 100 * (host_time(name) - begin[name]) / took for name in CLUSTER.hosts}


def costs(pairs: int = 6, seconds: float = 30) -> list[Figure]:
    """The hosts with the observer less the hosts without, before and after; the observer with its clients."""
    more: dict[str, list[float]] = {name: [] for name in CLUSTER.hosts}
    own = []
    after = shares(seconds)
    for _ in range(pairs):
        before = after
        with watching() as observer:
            time.sleep(2)
            begin, since = process_time(observer.process.pid), time.monotonic()
            watched = shares(seconds)
            own.append(100 * (process_time(observer.process.pid) - begin) / (time.monotonic() - since))
        after = shares(seconds)
        for name in more:
            more[name].append(watched[name] - (before[name] + after[name]) / 2)
    return [
        Figure("observer, each of 10 hosts (medians)", tuple(median(v) for v in more.values()), "% of a core", 1),
        Figure("observer, controller, 10 hosts", tuple(own), "% of a core", 5),
    ]


def disturb(rounds: int) -> None:
    """VIPs that move, services that stop, database nodes that the balancers take out; all is as before at the end."""
    for number in range(rounds):
        for owner in ("haproxy1", "haproxy2"):
            with fault("stop", owner, "--unit", "keepalived"):
                time.sleep(3)
            time.sleep(3)
        with fault("stop", "mysql3", "--unit", "hatui-galera-check"):
            time.sleep(3)
        time.sleep(3)
        stopped = ("haproxy1", "haproxy2")[number % 2]
        with fault("stop", stopped, "--unit", "haproxy"):
            time.sleep(3)
        time.sleep(4)
        with fault("kill", "mysql3", "--unit", "mariadb"):
            time.sleep(20)


def told(host: str, change: dict[str, Any]) -> str | None:
    """How the event begins that must tell of a change on a host; None if none has to."""
    match change["kind"], change["name"], change["value"]:
        case "vip", vip, "there":
            return f"the owner of {vip} was * and is {host}"
        case "process", "keepalived", "gone":
            return f"keepalived on {host} was active*"
        case "process", "haproxy", "gone":
            return f"HAProxy on {host} was answering*"
        case "process", "mariadb", "gone":
            return f"Galera on {host} was Synced*"
        case "server", name, value:
            return f"{name} on {host} was * and is {value}"
    return None


def latencies(rounds: int = 5) -> list[Figure]:
    """From what is so on a host to the event that tells of it, by one clock: the machine's."""
    program = (ROOT / "bench" / "truth.py").read_text()
    vips = (CLUSTER.keepalived.vip, CLUSTER.pacemaker.vip)
    hosts = ("haproxy1", "haproxy2", "mysql3")
    truths = {
        name: Reader(sys.executable, "-m", "lab", "ssh", name, f"python3 - {' '.join(vips)}", stdin=program)
        for name in hosts
    }
    try:
        with watching() as observer:
            time.sleep(5)
            disturb(rounds)
            end = time.time()
            time.sleep(2)
            events = [(at, line) for at, line in observer.lines if line["kind"] == "event"]
    finally:
        for truth in truths.values():
            truth.end()
    found = sorted(
        late(host, change, pattern, events)
        for host, truth in truths.items()
        for _, change in truth.lines
        if change and change["at"] < end and (pattern := told(host, change))
    )
    print(f"{len(found)} events, the longest {found[-1]:.0f} ms", file=sys.stderr)
    p95 = found[math.ceil(0.95 * len(found)) - 1]
    return [Figure(f"event on a host to event on the stream, p95 of {len(found)}", (p95,), "ms", 300)]


def late(host: str, change: dict[str, Any], pattern: str, events: list[tuple[float, dict[str, Any]]]) -> float:
    """Milliseconds until the event; infinity if there was none. What is ending may be told of before it has ended."""
    before = 3 if change["kind"] == "process" else 0.05
    after = [at for at, event in events if at > change["at"] - before and fnmatch.fnmatchcase(event["text"], pattern)]
    took = 1000 * max(0.0, after[0] - change["at"]) if after else math.inf
    if took > 250:
        print(f"{host} {change}: {took:.0f} ms", file=sys.stderr)
    return took


FAKE = r"""#!/usr/bin/perl
# In ssh's place: says again what a real host has said, when it is asked, and a beat once a second.
use strict;
my ($length, $program, $line, $beaten) = ('', '', '', 0);
sysread STDIN, $length, 8;
1 while sysread STDIN, $program, $length - length $program, length $program;
my ($mark) = $program =~ /^my .mark = '(\w+)'/;
while (1) {
    vec(my $ready = '', 0, 1) = 1;
    my $found = select $ready, undef, undef, 1;
    if ($found > 0) {
        sysread STDIN, $line, 4096, length $line or exit;
        while ($line =~ s/^(.*)\n//) {
            for my $name (split ' ', $1) {
                open my $file, '<', "$ENV{RECORDED}/$name" or die;
                local $/;
                my $text = <$file>;
                syswrite STDOUT, "$mark look $name 0 " . length($text) . "\n$text";
            }
        }
    }
    syswrite STDOUT, "$mark beat\n" if $beaten != time;
    $beaten = time;
}
"""
MANY = {"haproxy": 40, "galera": 60, "controller": 100}
"""Hosts by role: two hundred, and each carries a layer."""
INVENTORY = """
from dataclasses import replace
from cluster.spec import Host, Role
from inventory import CLUSTER as lab
CLUSTER = replace(lab, hosts={
    f"{role}{n}": Host(f"{role}{n}", f"192.0.2.{n}", Role(role)) for role, count in %r.items() for n in range(count)
})
"""


async def record(folder: Path) -> None:
    """Write down what one lab host of each role answers to each section."""
    for name in ("haproxy1", "mysql1", "cc01"):
        line = await Line.begin(CLUSTER, name)
        sections = commands(CLUSTER, name, facts())
        own = OwnTime()
        talk = Talk(line, sections, own)
        answer = await talk.ask(sections, own.now(), within=10)
        await talk.end()
        assert answer.reason is None, f"{name} {answer.reason}"
        for layer, section in answer.sections.items():
            (folder / layer).write_text(section.text)


def many(seconds: float = 30) -> list[Figure]:
    """200 hosts that are scripts, and the observer, all on one core of the machine."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        asyncio.run(record(folder))
        (folder / "ssh").write_text(FAKE)
        (folder / "ssh").chmod(0o755)
        (folder / "many.py").write_text(INVENTORY % MANY)
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "RECORDED": str(folder)}
        one_core = ("taskset", "-c", "0", sys.executable)
        command = (*one_core, "-m", "engine", "watch", "--inventory", str(folder / "many.py"))
        with watching(command, environment) as observer:
            time.sleep(5)
            begin, since = process_time(observer.process.pid), time.monotonic()
            time.sleep(seconds)
            share = 100 * (process_time(observer.process.pid) - begin) / (time.monotonic() - since)
            seen = [(at, line) for at, line in observer.lines if line["kind"] == "snapshot"]
    ends = [at for at, _ in seen]
    ages = [age for _, line in seen[5:] for age in line["ages"]["hosts"].values()]
    return [
        Figure("observer, 200 hosts that are scripts, with them on one core", (share,), "% of a core", 100),
        Figure("200 hosts, between two snapshots", tuple(b - a for a, b in pairwise(ends)), "s", 2),
        Figure("200 hosts, age of a host's last word", tuple(math.inf if a is None else a for a in ages), "s", 2),
    ]


def observers() -> list[Figure]:
    """Everything about the observer, on a lab that is up and deployed."""
    return [*costs(), *latencies(), *many()]
