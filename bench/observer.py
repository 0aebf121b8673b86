"""What looking all the time costs, and how soon it tells: on real hosts, and with 200 hosts that are scripts."""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.main_job import ROOT, halab
from bench.report import Figure
from inventory import CLUSTER, SUBNET

CGROUPS = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")]
TICKS = os.sysconf("SC_CLK_TCK")


class Reader:
    """Lines of JSON of a program, with the time at which each was read."""

    def __init__(self, *command: str, stdin: str = "", environment: dict[str, str] | None = None) -> None:
        self.lines: list[tuple[float, dict[str, object]]] = []
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
def watching(environment: dict[str, str] | None = None, *arguments: str) -> Iterator[Reader]:
    """The observer, from its first snapshot on."""
    reader = Reader(sys.executable, "-m", "engine", "watch", *arguments, environment=environment)
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
    """The hosts with the observer less the hosts without, in turns; the observer with its clients."""
    more: dict[str, list[float]] = {name: [] for name in CLUSTER.hosts}
    own = []
    for _ in range(pairs):
        without = shares(seconds)
        with watching() as observer:
            time.sleep(2)
            begin, since = process_time(observer.process.pid), time.monotonic()
            watched = shares(seconds)
            own.append(100 * (process_time(observer.process.pid) - begin) / (time.monotonic() - since))
        for name in more:
            more[name].append(watched[name] - without[name])
    return [
        Figure("observer, each of 10 hosts (median of runs)", tuple(median(v) for v in more.values()), "% of a core", 1),
        Figure("observer, controller, 10 hosts", tuple(own), "% of a core", 5),
    ]


def on_host(host: str, command: str) -> None:
    halab("ssh", host, command)


def disturb(rounds: int) -> None:
    """VIPs that move, services that stop, database nodes that the balancers take out; all is as before at the end."""
    for number in range(rounds):
        for owner in ("haproxy1", "haproxy2"):
            on_host(owner, "systemctl stop keepalived")
            time.sleep(3)
            on_host(owner, "systemctl start keepalived")
            time.sleep(3)
        on_host("mysql3", "systemctl stop hatui-galera-check")
        time.sleep(3)
        on_host("mysql3", "systemctl start hatui-galera-check")
        time.sleep(3)
        stopped = ("haproxy1", "haproxy2")[number % 2]
        on_host(stopped, "systemctl stop haproxy")
        time.sleep(3)
        on_host(stopped, "systemctl start haproxy")
        time.sleep(4)
    on_host("mysql3", "pkill -9 mariadbd")
    time.sleep(15)


def told(host: str, change: dict[str, object]) -> str | None:
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
    import fnmatch

    program = (ROOT / "bench" / "truth.py").read_text()
    vips = (CLUSTER.keepalived.vip, CLUSTER.pacemaker.vip)
    hosts = [name for name in CLUSTER.hosts if name.startswith(("haproxy", "mysql"))]
    truths = {
        name: Reader(sys.executable, "-m", "lab", "ssh", name, f"python3 - {' '.join(vips)}", stdin=program)
        for name in hosts
    }
    try:
        with watching() as observer:
            time.sleep(5)
            disturb(rounds)
            events = [(at, line) for at, line in observer.lines if line["kind"] == "event"]
    finally:
        for truth in truths.values():
            truth.end()
    found = []
    for host, truth in truths.items():
        for _, change in truth.lines:
            if not change or not (pattern := told(host, change)):
                continue
            begin = change["at"]
            assert isinstance(begin, float)
            after = [at for at, event in events if at > begin - 1 and fnmatch.fnmatchcase(str(event["text"]), pattern)]
            # What is about to end may be told of as ending.
            took = 1000 * max(0.0, after[0] - begin) if after else math.inf
            if took > 250:
                print(f"{host} {change}: {took:.0f} ms", file=sys.stderr)
            found.append(took)
    found.sort()
    print(f"{len(found)} events, the longest {found[-1]:.0f} ms", file=sys.stderr)
    p95 = found[math.ceil(0.95 * len(found)) - 1]
    return [Figure(f"event on a host to event on the stream, p95 of {len(found)}", (p95,), "ms", 300)]
