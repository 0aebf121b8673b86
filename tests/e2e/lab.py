"""The lab and the product as a person uses them: programs that are run, and what they print."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.secrets import MADE, secret
from inventory import CLUSTER
from lab import cases, hosts, inside, ready
from lab.topology import DEFAULT_SUBNET, parse_subnet
from tests.pace import wait_until

ROOT = Path(__file__).parents[2]
LAB = parse_subnet(os.environ.get("HALAB_SUBNET") or DEFAULT_SUBNET)
NETWORK = LAB.subnet
VIP = str(NETWORK.network_address + 47)
CONTROLLER_VIP = str(NETWORK.network_address + 48)
HOSTS = {
    "haproxy1": 120, "haproxy2": 121, "mysql1": 125, "mysql2": 126, "mysql3": 127,
    "cc01": 100, "cc02": 101, "cc03": 102, "net01": 110, "net02": 111,
}  # fmt: skip


def address(host: str) -> str:
    """The address of a lab host."""
    return str(NETWORK.network_address + HOSTS[host])


def run(*command: str, timeout: float = 600, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program in the repository; an AssertionError with all that it said if it fails and `check` is set."""
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=timeout, check=False, input=stdin)
    assert not check or done.returncode == 0, (
        f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done


def program(name: str) -> str:
    """A program of this virtual environment."""
    return str(Path(sys.executable).parent / name)


def halab(*arguments: str, timeout: float = 300) -> str:
    """Run halab, and return what it printed."""
    return run(sys.executable, "-m", "lab", *arguments, timeout=timeout).stdout


@contextmanager
def fault(name: str, *names: str, **options: str | int) -> Iterator[None]:
    """A fault on these hosts, such as fault("freeze", "haproxy1", unit="haproxy"); healed at the end.

    `halab fault list` has them all. The options are the command's; one that takes no value is given as True.
    """
    words = [
        f"--{option.replace('_', '-')}" + ("" if value is True else f"={value}") for option, value in options.items()
    ]
    # Whatever has become of the test: nothing stays broken for longer than any of them takes.
    halab("fault", name, *names, *words, "--for", "1800")
    try:
        yield
    finally:
        halab("fault", "heal", name, *names)


def ssh(host: str, command: str, *, check: bool = True, timeout: float = 60, stdin: str = "") -> str:
    """Run a shell command on a lab host as root, and return its standard output."""
    return run(*ready.ssh(LAB, host, [command]), check=check, timeout=timeout, stdin=stdin).stdout


def pyinfra(*arguments: str, check: bool = True, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    """Run pyinfra on the default inventory."""
    return run(program("pyinfra"), *arguments, check=check, timeout=timeout)


def secrets() -> dict[str, str]:
    """Every secret of the lab's cluster, the BMCs' password among them."""
    known = {name: secret(CLUSTER, name) for name in (*MADE, "bmc")}
    # Nothing is proven by the absence of an empty or a very short string.
    assert all(len(value) > 10 for value in known.values())
    return known


def secret_of(name: str) -> str:
    """One secret of the lab's cluster."""
    return secret(CLUSTER, name)


def deploy(layer: str = "ha", *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """`pyinfra -y inventory.py deploy/LAYER.py`."""
    return pyinfra("-y", *options, "inventory.py", f"deploy/{layer}.py", check=check)


def changes(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of a deploy's output that tell of a change on a host; pyinfra pads after the shorter names."""
    return [line for line in done.stderr.splitlines() + done.stdout.splitlines() if re.search(r"\] +Success", line)]


def status() -> dict[str, Any]:
    """`hatui status --json`, whatever its verdict."""
    done = run(sys.executable, "-m", "tui.main", "status", "--json", check=False, timeout=30)
    assert done.returncode in (0, 1, 2, 3) and done.stdout, f"hatui status: {done.returncode}\n{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    """Each layer's verdict, by its name."""
    return {layer["layer"]: layer["verdict"] for layer in found["layers"]}


def all_ok(*, within: float) -> None:
    """Wait until `hatui status` finds every layer OK."""
    last: dict[str, Any] = {}

    def ok() -> bool:
        nonlocal last
        last = status()
        return bool(last["verdict"] == "OK")

    try:
        # A status each quarter of a second would take the time that the cluster needs to get well.
        wait_until(ok, within, every=1)
    except AssertionError as error:
        reasons = [f"{layer['layer']}: {layer['verdict']} {layer['reason']}" for layer in last["layers"]]
        raise AssertionError(f"not all OK within {within:g} s:\n" + "\n".join(reasons)) from error


def start_clean() -> None:
    """Bring up clean hosts, of the release HALAB_RELEASE if that is set, with HALAB_OPENSTACK for OpenStack, and with
    HALAB_HORIZON for horizon besides.

    Refuses to take a lab away that is up.
    """
    assert ": down" in halab("status"), (
        "a lab is up on this subnet: take it down (halab down), or choose another: HALAB_SUBNET=192.168.48.0/24"
    )
    release = os.environ.get("HALAB_RELEASE")
    horizon = ("--horizon",) if os.environ.get("HALAB_HORIZON") else ()
    openstack = horizon or (("--openstack",) if os.environ.get("HALAB_OPENSTACK") else ())
    halab("up", *(("--release", release) if release else ()), *openstack, timeout=1800 if openstack else 900)


def drained(found: dict[str, Any]) -> set[str]:
    """The hosts that a status tells of as drained, in whatever layer."""
    return {host for layer in found["layers"] for finding in layer["findings"] for host in finding["drained"]}


def on_all(command: str) -> dict[str, str]:
    """What a shell command prints on each host, by its name."""
    with ThreadPoolExecutor(len(HOSTS)) as pool:
        return dict(zip(HOSTS, pool.map(lambda host: ssh(host, command), HOSTS), strict=True))


def forget_runs() -> None:
    """Take the hosts' copies of former runs away: each test is a team of its own."""
    for host in HOSTS:
        inside.run_on(LAB, host, "forget the runs", "rm -rf /var/lib/hatui/runs")


def repair() -> None:
    """Undo what a test may have left: faults, hosts without power, drained hosts."""
    if cases.found(LAB):
        halab("fault", "heal")
    if off := [host for host in HOSTS if not hosts.running(LAB, host)]:
        halab("power", "on", *off)
    found = status()
    for host in sorted(drained(found)):
        run(sys.executable, "-m", "tui.main", "undrain", host, "--yes", "--reason", "after a test", check=False)
    if found["verdict"] != "OK":
        all_ok(within=120)
