"""What is so on any host: files, units, packages."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.state import ServiceState, Unknown
from cluster.text import clean

FileState = tuple[str, str, str, str]
"""sha256 in hexadecimal, mode as four octal digits, user, group."""

NOTES = "/var/lib/hatui/files"
"""What the deploy wrote on this host: a line "SHA256  PATH" a file, for root alone (operations/files.py)."""

STAMPS = "/run/hatui"
"""Where a unit's drop-in leaves the hash of the files it was started with (operations/service.py)."""


class FileStates(FactBase[dict[str, FileState]]):
    """Hash, mode and owner of each path that exists as a file; a path that does not is left out."""

    @override
    def command(self, paths: Sequence[str]) -> str:
        return " ".join(
            [
                "for f in",
                *(shlex.quote(path) for path in paths),
                '; do [ -f "$f" ] && printf \'%s %s\\n\' "$(sha256sum <"$f" | cut -c1-64)"',
                '"$(stat -L -c \'%04a %U %G %n\' -- "$f")"; done; true',
            ]
        )

    @override
    def process(self, output: Iterable[str]) -> dict[str, FileState]:
        states: dict[str, FileState] = {}
        for line in output:
            fields = line.split(" ", 4)
            if len(fields) == 5:
                digest, mode, user, group, path = fields
                states[path] = (digest, mode, user, group)
        return states


class FileNotes(FactBase[dict[str, str]]):
    """What the deploy noted that it wrote on this host: each path, to the sha256 of its content, in hexadecimal."""

    @override
    def command(self) -> str:
        return f"cat {NOTES} 2>/dev/null; true"

    @override
    def process(self, output: Iterable[str]) -> dict[str, str]:
        return hashes(output)


def hashes(output: Iterable[str]) -> dict[str, str]:
    """Each path to its sha256 in hexadecimal, from lines as sha256sum(1) writes them."""
    lines = (line.partition("  ") for line in output)
    return {path: digest for digest, blanks, path in lines if blanks}


@dataclass(frozen=True, slots=True)
class OwnedText:
    """A file's text, with its bytes that are no UTF-8 as surrogates, and its mode and owner."""

    text: str
    mode: str
    """Four octal digits."""
    user: str
    group: str


class FileText(FactBase[OwnedText | None]):
    """A file that others may own lines in, as it is; None where there is none. At most 1 MiB of it is read."""

    @override
    def command(self, path: str) -> str:
        file = shlex.quote(path)
        return f"[ ! -f {file} ] || {{ stat -L -c '%04a %U %G' -- {file} && head -c 1048576 -- {file} | base64; }}"

    @override
    def process(self, output: Iterable[str]) -> OwnedText | None:
        lines = list(output)
        if not lines or len(owner := lines[0].split()) != 3:
            return None
        return OwnedText(base64.b64decode("".join(lines[1:])).decode(errors="surrogateescape"), *owner)


class KernelParameters(FactBase[dict[str, str]]):
    """Each kernel parameter of `names` that exists, with its value (sysctl(8))."""

    @override
    def command(self, names: Sequence[str]) -> str:
        return f"sysctl -- {' '.join(shlex.quote(name) for name in names)} 2>/dev/null; true"

    @override
    def process(self, output: Iterable[str]) -> dict[str, str]:
        lines = (line.partition(" = ") for line in output)
        return {key: value for key, equals, value in lines if equals}


class Services(FactBase[dict[str, ServiceState]]):
    """The state of each unit, and whether a file it reads has changed since it was started or reloaded.

    `units` maps a unit's name to the files that its stamp covers, in the stamp's order; none: no stamp is kept.
    Source: systemctl(1), `show`.
    """

    @override
    def command(self, units: Mapping[str, Sequence[str]]) -> str:
        return services_command(units)

    @override
    def process(self, output: Iterable[str]) -> dict[str, ServiceState]:
        return parse_services("\n".join(output))


def drop_in_path(unit: str) -> str:
    """Where hatui's drop-in for `unit` (name with its suffix) lies (systemd.unit(5))."""
    return f"/etc/systemd/system/{unit}.d/hatui.conf"


_PROPERTIES = "Id,ActiveState,SubState,UnitFileState,NeedDaemonReload,InvocationID"


def services_command(units: Mapping[str, Sequence[str]]) -> str:
    """A shell command whose output `parse_services` reads; also part of the layers' own facts."""
    names = " ".join(shlex.quote(unit) for unit in units)
    parts = [f"systemctl show --property={_PROPERTIES} -- {names}"]
    for unit, files in units.items():
        if files:
            paths = " ".join(shlex.quote(path) for path in files)
            # As few processes as can be: the observer runs this on every host without end.
            parts.append(
                f"stamp=none; {{ read -r stamp <{STAMPS}/{shlex.quote(unit)}; }} 2>/dev/null; "
                f"echo; echo Stamp={shlex.quote(unit)} ${{stamp:-none}} $(cat -- {paths} 2>/dev/null | sha256sum)"
            )
    return "; ".join([*parts, _edited_command({unit: (*files, drop_in_path(unit)) for unit, files in units.items()})])


def _edited_command(owned: Mapping[str, Sequence[str]]) -> str:
    """Says whose each file is, and of those that the deploy noted which are not what it wrote: "PATH: FAILED …".

    Hashes stay on the host: one of a file that holds a secret is a help to whoever would guess it.
    """
    whose = "; ".join(f"echo Owns={' '.join(map(shlex.quote, (unit, *paths)))}" for unit, paths in owned.items())
    mine = "|".join(shlex.quote(path) for paths in owned.values() for path in paths)
    noted = f'while read -r sum path; do case $path in {mine}) echo "$sum  $path";; esac; done <{NOTES}'
    return f"if [ -r {NOTES} ]; then echo; {whose}; {noted} | LC_ALL=C sha256sum --check --quiet 2>/dev/null || :; fi"


def parse_services(text: str) -> dict[str, ServiceState]:
    """Units by name. A unit that systemd does not know is inactive; one without a stamp has `restart_due` None."""
    properties: dict[str, dict[str, str]] = {}
    stamps: dict[str, bool] = {}
    owners: dict[str, str] = {}
    edited: dict[str, list[str]] = {}
    unit: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        path, failed, _ = line.rpartition(": FAILED")
        if not line:
            unit = {}
        elif failed:
            edited.setdefault(owners.get(path, ""), []).append(clean(path))
        elif key == "Owns":
            name, *paths = value.split()
            owners |= dict.fromkeys(paths, name)
        elif key == "Stamp":
            fields = value.split()
            # Then "-", the name that sha256sum gives its input.
            if len(fields) >= 3:
                stamps[fields[0]] = fields[1] != fields[2]
        else:
            if key == "Id" and key in unit:
                # No blank line came between the two.
                unit = {}
            unit[key] = value
            if key == "Id":
                properties[value] = unit
    return {
        name: ServiceState(
            unit=name,
            active=found.get("ActiveState", "unknown"),
            sub=found.get("SubState", "unknown"),
            enabled=found.get("UnitFileState", "") in ("enabled", "enabled-runtime"),
            restart_due=stamps.get(name) if found.get("ActiveState") == "active" else None,
            reload_due=found.get("NeedDaemonReload") == "yes",
            edited=tuple(edited.get(name, ())),
            known=found.get("UnitFileState") != "",
            started=clean(found.get("InvocationID", ""), 32),
        )
        for name, found in properties.items()
    }


def processes_command(unit: str, program: str) -> str:
    """A shell command whose output `parse_processes` reads: the last section of a fact's answer.

    While the unit runs, its own processes are looked at, else all of the host's, containers' too. No program is started
    for it.
    """
    of_unit = f"/sys/fs/cgroup/system.slice/{shlex.quote(unit)}/cgroup.procs"
    own = shlex.quote(f" ({program}) ")
    every = f'for one in /proc/[0-9]*/stat; do read -r said <"$one" && case $said in *{own}*) echo "$said";; esac; done'
    return (
        f"echo; echo Processes=; {{ if [ -r {of_unit} ]; then while read -r pid; do "
        f'read -r said <"/proc/$pid/stat" && echo "$said"; done <{of_unit}; else {every}; fi; }} 2>/dev/null || :'
    )


def parse_processes(text: str, program: str) -> tuple[str, tuple[str, ...] | None]:
    """What comes before the section of `processes_command`, and the states of the processes of `program`.

    A state is a letter (proc(5)); None where they were not asked.
    """
    before, mark, said = f"{text}\n".partition("\nProcesses=\n")
    if not mark:
        return before, None
    return before, tuple(re.findall(rf"^\d+ \({re.escape(program)}\) (\S)", said, re.MULTILINE))


STOPPED = frozenset("Tt")
"""States of a process that does nothing until it is told to go on (SIGCONT) or let go by its tracer (proc(5))."""


def unreadable(error: Exception, text: str) -> Unknown:
    """What a fact returns for an answer that its parser could not read: what is wrong with it, and how it begins."""
    begins = clean(text, 120)
    shown = f"it begins with '{begins}'" if begins else "it is empty"
    return Unknown(f"its answer could not be read ({_wrong(error)}): {shown}")


_OF_PYTHON = re.compile(
    r"invalid literal|could not convert|to unpack|subscriptable|object has no|index out of|is not iterable|"
    r"object is not|unsupported operand|must be|argument|expected"
)
"""What Python says of its own types, and not of an answer."""


def _wrong(error: Exception) -> str:
    """What is wrong with an answer, in words that are not Python's."""
    if isinstance(error, KeyError) and error.args:
        return f"there is no {clean(str(error.args[0]), 60)} in it"
    if isinstance(error, (json.JSONDecodeError, msgspec.DecodeError)):
        return "it is no JSON, or none of the form that is known"
    if isinstance(error, UnicodeError):
        return "it is no text"
    said = clean(str(error), 120)
    if not isinstance(error, ValueError) or not said or _OF_PYTHON.search(said):
        return "it has not the form that is known"
    return said
