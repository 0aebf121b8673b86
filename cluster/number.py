"""Numbers that a host tells: read within bounds where they enter.

Python refuses to read an integer of more than 4300 digits, NaN and infinity are no JSON, and what is larger than 64
bits is no number that the programs on a host could have.
"""

from __future__ import annotations

import re
from typing import TypeVar

from cluster.text import clean

MOST = 2**63 - 1
"""Above it a host's number is taken for none."""

_WHOLE = re.compile(r"-?[0-9]{1,20}")
_REAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,3})?")

Missing = TypeVar("Missing")


def whole(said: object, least: int = 0, most: int = MOST) -> int:
    """The whole number `said`: decimal digits as text, or an int of JSON's. ValueError if it is not `least` to `most`.

    The error's text is a clause of bounded length.
    """
    if isinstance(said, str) and _WHOLE.fullmatch(said.strip()):
        said = int(said)
    if type(said) is not int:
        raise ValueError(f"{_shown(said)} is no whole number")
    if not least <= said <= most:
        raise ValueError(f"{_shown(said)} is not from {least} to {most}")
    return said


def whole_or(missing: Missing, said: object, least: int = 0, most: int = MOST) -> int | Missing:
    """As `whole`, but `missing` for what is none: of a figure without which the rest of a record is as good."""
    try:
        return whole(said, least, most)
    except ValueError:
        return missing


def real(said: object, least: float = 0.0, most: float = float(MOST)) -> float:
    """The number `said`, as text or of JSON's, never infinite or NaN. ValueError, as `whole`'s, if it is not so."""
    if isinstance(said, str) and _REAL.fullmatch(said.strip()):
        said = float(said)
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        raise ValueError(f"{_shown(said)} is no number")
    # NaN is neither above nor below anything.
    if not least <= said <= most:
        raise ValueError(f"{_shown(said)} is not from {least:g} to {most:g}")
    return float(said)


def _shown(said: object) -> str:
    if isinstance(said, str):
        return repr(clean(said, 40))
    if isinstance(said, float) or (isinstance(said, int) and abs(said) < 2**64):
        return str(said)
    # An int of more than 4300 digits can't be written, and what is none may be of any size.
    return f"a value of type {type(said).__name__}"
