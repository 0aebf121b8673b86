"""What is so on any host: files, units, packages."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from pyinfra.api.facts import FactBase
from typing_extensions import override

from cluster.state import ServiceState, Unknown
from cluster.text import clean

FileState = tuple[str, str, str, str]
"""sha256 in hexadecimal, mode as four octal digits, user, group."""

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


def services_command(units: Mapping[str, Sequence[str]]) -> str:
    """A shell command whose output `parse_services` reads; also part of the layers' own facts."""
    names = " ".join(shlex.quote(unit) for unit in units)
    parts = [f"systemctl show --property=Id,ActiveState,SubState,UnitFileState,NeedDaemonReload -- {names}"]
    for unit, files in units.items():
        if files:
            paths = " ".join(shlex.quote(path) for path in files)
            # As few processes as can be: the observer runs this on every host without end.
            parts.append(
                f"stamp=none; {{ read -r stamp <{STAMPS}/{shlex.quote(unit)}; }} 2>/dev/null; "
                f"echo; echo Stamp={shlex.quote(unit)} ${{stamp:-none}} $(cat -- {paths} 2>/dev/null | sha256sum)"
            )
    return "; ".join(parts)


def parse_services(text: str) -> dict[str, ServiceState]:
    """Units by name. A unit that systemd does not know is inactive; one without a stamp has `restart_due` None."""
    properties: dict[str, dict[str, str]] = {}
    stamps: dict[str, bool] = {}
    unit: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if not line:
            unit = {}
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
        )
        for name, found in properties.items()
    }


def unreadable(error: Exception, text: str) -> Unknown:
    """What a fact returns for an answer that its parser could not read."""
    shown = " ".join(text.split())[:120]
    return Unknown(f"its answer could not be read ({type(error).__name__}: {clean(str(error), 120)}): {shown!r}")
