"""Why a program's client gave no answer: whether the program does not run, or could not be asked.

"Does not run" takes proof: a unit that is inactive, and no process. All else is told as what was missing.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from cluster.number import whole_or
from cluster.state import ServiceState

_MISSING = 127
"""The shell's, and timeout(1)'s, exit code for a program that is not there."""
_FORBIDDEN = (4, 126)
"""Pacemaker's for insufficient privileges, and the shell's for a program that may not be run."""
_NO_PROGRAM = re.compile("failed to run command.*No such file or directory|: (command )?not found$")
"""timeout(1)'s words, and the shell's."""
_HUNG = 124
"""timeout(1)'s."""
_USAGE = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """How the question went; both None where an answer does not tell it."""

    code: int | None = None
    """The client's exit code, as the shell has it."""
    process: bool | None = None
    """Whether a process of the program's name is there."""


def asked_command(process: str) -> str:
    """A shell command that tells of the exit code in `$asked`, and of the process where that is not 0."""
    return (
        "echo; echo Asked=$asked; [ $asked -eq 0 ] || "
        f"{{ pgrep -x {shlex.quote(process)} >/dev/null; echo Process=$?; }}"
    )


def split_asked(text: str) -> tuple[str, Asked]:
    """The answer without that, and that."""
    before, mark, rest = text.partition("\nAsked=")
    if not mark:
        return before, Asked()
    code, _, more = rest.partition("\n")
    found = {"0": True, "1": False}.get(more.strip().removeprefix("Process="))
    return before, Asked(whole_or(None, code, most=255), found)


def why_not_asked(client: str, services: str, service: ServiceState | None, asked: Asked, said: str = "") -> str | None:
    """Why nothing is known of a program that gave no answer, or None on proof that it does not run.

    `services` is systemd's own text of the unit, `said` what the client wrote instead of an answer.
    """
    no_unit = "\nUnitFileState=\n" in f"{services}\n"
    if asked.code == _MISSING or _NO_PROGRAM.search(said):
        return f"can't be asked: there is no {client}"
    if asked.code in _FORBIDDEN or "rivilege" in said or "ermission denied" in said:
        return f"can't be asked: {client} is not permitted{f' ({said})' if said else ''}"
    if service is None:
        return f"can't be asked: {client} gave no answer, nor systemctl"
    if asked.process is None and no_unit and not said:
        return f"can't be asked: {client} gave no answer, and there is no {service.unit}"
    if service.active in ("inactive", "failed") and not asked.process:
        return None
    there = f"{service.unit.removesuffix('.service')} is {service.active}"
    if asked.process and service.active in ("inactive", "failed"):
        there = f"a process of it runs, outside of {service.unit}"
    return f"can't be asked: {there}, and {_how(client, asked.code, said)}"


def _how(client: str, code: int | None, said: str) -> str:
    if said:
        return f"{client} says: {said}"
    if code == _HUNG:
        return f"{client} got no answer in time"
    if code == _USAGE:
        return f"{client} has neither of the options --output-as and --as-xml"
    if code is None:
        return f"{client} gave no answer (it hangs, or has no option --output-as)"
    return f"{client} gave no answer (exit code {code})"
