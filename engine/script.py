"""What is sent to a host that is looked at: a program, composed of the facts' own commands and the layers' hints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from facts.hints import Hints

LIMIT = 2**20
"""Bytes that one section may answer."""
TICK = 0.1
"""Seconds between two glances at the hints."""
MOST = 2
"""Times a second that a layer is asked because of its hints alone."""
DEAF = 30
"""Seconds after which a host that has heard nothing ends what runs there for the look."""

_RESIDENT = Path(__file__).with_name("resident.pl")
START = "exec perl -e 'sysread STDIN,$n,8;$s=\"\";1 while sysread STDIN,$s,$n-length$s,length$s;eval$s;die$@if$@'"
"""The command that runs a program on a host. It takes eight digits, the program's length, and the program from stdin,
to the byte: what follows there is for the program to read."""


def compose(mark: str, sections: Mapping[str, str], hints: Mapping[str, Hints], *, stays: bool) -> bytes:
    """What START is to be sent.

    `mark` begins each line of the answer that is not a section's own. A host that is looked at once (`stays` False)
    says nothing that it was not asked for.
    """
    values = {
        "$mark": _quoted(mark),
        "$limit": str(LIMIT),
        "$tick": str(TICK if stays else 0),
        "$deaf": str(DEAF),
        "$most": str(MOST),
        "%section": _table({name: _quoted(command) for name, command in sections.items()}),
        "%units": _table({name: _list(one.units) for name, one in hints.items() if one.units}),
        "%files": _table({name: _list(one.files) for name, one in hints.items() if one.files}),
        "%question": _table(
            {
                name: _list((one.question.path, one.question.question, one.question.pattern))
                for name, one in hints.items()
                if one.question
            }
        ),
        "@addressed": f"({','.join(_quoted(name) for name, one in hints.items() if one.addresses)})",
    }
    head = "".join(f"my {name} = {value};\n" for name, value in values.items())
    program = (head + _RESIDENT.read_text()).encode()
    return b"%08d" % len(program) + program


def _quoted(text: str) -> str:
    """A literal of Perl's (perlop(1), single quotes)."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _list(items: tuple[str, ...]) -> str:
    return f"[{','.join(map(_quoted, items))}]"


def _table(entries: Mapping[str, str]) -> str:
    return f"({','.join(f'{_quoted(name)},{value}' for name, value in entries.items())})"
