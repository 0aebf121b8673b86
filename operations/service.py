"""Units: enabled and started, and a stamp of what each was started with.

A changed file never restarts anything by itself. A drop-in lets systemd record, at each start or reload, the hash of
the files that the unit reads; while the files on disk have another hash, the unit is "restart due" (facts/base.py),
however the change came about and whoever restarts it.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from facts.base import STAMPS, Services, drop_in_path
from operations.files import ManagedFile
from operations.told import Told

_RUNS = ("active", "activating", "reloading")
STAMP_PROGRAM = "/usr/local/lib/hatui/stamp"


def stamp_program() -> ManagedFile:
    """The program that records a unit's files; every host gets it with the base layer."""
    script = f"""#!/bin/sh
# Managed by hatui. stamp UNIT FILE...: record what UNIT is started with, so that a later change is seen as due.
set -eu
unit=$1
shift
mkdir -p {STAMPS}
cat -- "$@" 2>/dev/null | sha256sum | cut -c1-64 >"{STAMPS}/.$unit.$$"
mv -f "{STAMPS}/.$unit.$$" "{STAMPS}/$unit"
"""
    return ManagedFile(path=STAMP_PROGRAM, content=script.encode(), mode="0755")


def stamp_lines(unit: str, files: Sequence[str], *, reloads: bool) -> str:
    """The lines of a drop-in's [Service] section (systemd.service(5)) that stamp `unit` at each start.

    With `reloads`, also at each reload: only for a program that takes all of `files` over when it reloads.
    """
    command = f"-+{STAMP_PROGRAM} {unit} {' '.join(files)}"
    lines = [f"ExecStartPre={command}"]
    if reloads:
        lines.append(f"ExecReload={command}")
    return "\n".join(lines) + "\n"


def or_last_words(command: str, unit: str, log: str = "", *, data: str = "/") -> str:
    """Shell: `command`; where it fails, it ends with 1 and the last words of `unit`'s own processes on stderr.

    What systemctl says itself names only where to look. `log`, `data`: as for `last_words`.
    """
    told = last_words(unit, "$since", log, data=data)
    return f"since=$({now(log)}); {command} 2>/dev/null || {{ {told} >&2; exit 1; }}"


def now(log: str = "") -> str:
    """Shell: prints how far what a unit says goes now, for `last_words`."""
    return f"stat -c %s {shlex.quote(log)} 2>/dev/null || echo 0" if log else "date +%s"


LEAST_FREE = 8192
"""KiB: with less, a disk counts as full, as the database's health responder has it (deploy/files/galera_writes.py)."""


def last_words(unit: str, since: str, log: str = "", *, data: str = "/") -> str:
    """Shell: what `unit`'s own processes have said of errors since `since` (a shell word, from `now`).

    In the journal, or in the file `log` where the unit writes there. The first three are told: what follows is mostly
    their consequence. Without the time in front, and each once. Before all, that the disk of its `data` is full: few
    programs say so themselves.
    """
    said = f"journalctl -q -o cat --since=@{since} _SYSTEMD_UNIT={shlex.quote(unit)} -n 400"
    if log:
        said = f"tail -c +$(({since} + 1)) {shlex.quote(log)} | head -n 400"
    errors = (
        r"grep -a -v -i -E '\[(note|notice|warning)\]' | "
        "grep -i -E 'error|alert|emerg|fatal|fail|cannot|invalid|unknown|denied'"
    )
    shorten = "sed -E 's/^[0-9][0-9T:.Z +-]*//'"
    path = shlex.quote(data)
    free = f"free=$(df --output=avail -k {path} 2>/dev/null | tail -n 1)"
    full = f'[ -z "$free" ] || [ "$free" -ge {LEAST_FREE} ] || echo its disk is full, below {path}'
    return f"{{ {free}; {full}; {said} | {errors} || {said} | tail -n 3; }} | {shorten} | awk '!said[$0]++' | head -n 3"


def drop_in(unit: str, service_lines: str, *, unit_lines: str = "") -> ManagedFile:
    """hatui's drop-in for `unit` (name with its suffix). Takes effect after `daemon_reload`."""
    text = "# Managed by hatui.\n"
    if unit_lines:
        text += f"[Unit]\n{unit_lines}"
    text += f"[Service]\n{service_lines}"
    return ManagedFile(path=drop_in_path(unit), content=text.encode())


@operation()
def running(units: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Enable each unit, and start it if it does not run. A unit that runs is left alone, restart due or not.

    Units' files that systemd has not read yet are read first.
    """
    seen = host.get_fact(Services, units=dict.fromkeys(units, ())) or {}
    # systemd does not notice the first drop-in of a unit by itself: whatever is started is read first.
    if any(unit not in seen or seen[unit].reload_due or seen[unit].active not in _RUNS for unit in units):
        yield Told("systemd reads its units' files anew", "systemctl daemon-reload")
    for unit in units:
        now = seen.get(unit)
        name = shlex.quote(unit)
        if now is None or not now.enabled:
            yield Told(f"enable {unit}", "systemctl enable --quiet", name)
        if now is None or now.active not in _RUNS:
            # A unit that gave up restarting refuses a start until its counter is reset.
            yield Told(f"start {unit}", f"systemctl reset-failed {name} 2>/dev/null; systemctl start {name}")


@operation()
def resting(units: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Have none of these units run, now or after a boot: what their packages bring is started here by others."""
    seen = host.get_fact(Services, units=dict.fromkeys(units, ())) or {}
    for unit in units:
        now = seen.get(unit)
        if now and (now.enabled or now.active in _RUNS):
            yield Told(f"stop {unit}, and have it not start", "systemctl disable --quiet --now", shlex.quote(unit))
