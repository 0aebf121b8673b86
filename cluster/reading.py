"""Reads plain data into records, and collects every mistake instead of ending at the first.

The fields of the record and their types are the schema. A mistake leaves the field's default in its place, so that the
rest can be judged too.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at `key`, such as keepalived.vip: `says` goes on after it, and `look` says how it is written."""

    key: str
    says: str
    look: str = ""

    def __str__(self) -> str:
        return f"{self.key}{self.look} {self.says}"


_WORD = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)

SHOWN = 80
"""Characters of a value that a sentence shows."""


def shown(value: object) -> str:
    """`value` as a sentence shows it: quoted, and with a letter in it that only looks like one of ours pointed at."""
    return f"{quoted(value)}{foreign(value)}"


def foreign(value: object) -> str:
    """Where and what the first letter is that is not ASCII: it may look like one that is.

    Such as " (its 2nd letter is CYRILLIC SMALL LETTER A)"; empty for a text without one.
    """
    text = value if isinstance(value, str) else ""
    for number, letter in enumerate(text[:SHOWN], 1):
        if ord(letter) > 127:
            ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
            return f" (its {number}{ending} letter is {unicodedata.name(letter, f'U+{ord(letter):04X}')})"
    return ""


def quoted(value: object) -> str:
    """`value` quoted, without control characters, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:
        # A number of more digits than Python writes.
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def place(*keys: str) -> str:
    """Where a value stands in the inventory, such as keepalived.vip; a key that is no plain, short word is quoted."""
    return ".".join(key if len(key) <= SHOWN and _WORD.fullmatch(key) else quoted(key) for key in keys)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    # True is an int to Python, and never what a person means by a number.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


_EMPTY: Mapping[str, object] = {"str": "", "int": 0, "float": 0.0, "bool": False, "str | None": None}
"""What stands for a field that must be given and is not."""

_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "str": (_is_text, "a text"),
    "int": (_is_number, "a whole number"),
    "float": (lambda value: _is_number(value) or isinstance(value, float), "a number"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "str | None": (lambda value: value is None or _is_text(value), "a text, or None"),
    "str | int": (lambda value: _is_text(value) or _is_number(value), "a text or a whole number"),
}


_DICT = "Mapping[str, "


def _inner(typed: str) -> str:
    """The type of a dict's entries."""
    return typed[len(_DICT) : -1]


class Reader:
    """Reads, and keeps each mistake in `errors`."""

    def __init__(self) -> None:
        self.errors: list[Mistake] = []

    def known(self, path: str, given: Iterable[object], names: Iterable[str]) -> None:
        """Report each key of `given` that is none of `names`; `path` is where they stand."""
        possible = sorted(names)
        for key in given:
            if key in possible:
                continue
            near = "".join(difflib.get_close_matches(str(key)[:SHOWN], possible, n=1))
            right = f"did you mean {near}?" if near else f"there are {', '.join(possible)}."
            where = place(path, str(key)) if path else place(str(key))
            self.errors.append(Mistake(where, f"is no key that hatui knows: {right}", foreign(key)))

    def table(self, path: str, value: object) -> Mapping[str, Any]:
        """`value` if it is a dict whose keys are texts, else an empty one."""
        if isinstance(value, Mapping):
            wrong = [key for key in value if not isinstance(key, str)]
            self.errors += [Mistake(path, f"has the key {shown(key)}: it must be a text.") for key in wrong]
            return {key: entry for key, entry in value.items() if isinstance(key, str)}
        self.errors.append(Mistake(path, f"is {shown(value)}: it must be a dict."))
        return {}

    def scalar(self, path: str, value: object, kind: str) -> bool:
        """Whether `value` is of `kind`, one of the types that a field may have."""
        fits, words = _KINDS[kind]
        if not fits(value):
            self.errors.append(Mistake(path, f"is {shown(value)}: it must be {words}."))
            return False
        return True

    def entries(self, path: str, value: object, kind: str) -> dict[str, Any]:
        """A dict of `kind` by name, which may be one of dicts, without the entries that are not."""
        given = {f"{path}.{place(key)}": (key, entry) for key, entry in self.table(path, value).items()}
        if kind.startswith(_DICT):
            return {key: self.entries(where, entry, _inner(kind)) for where, (key, entry) in given.items()}
        return {key: entry for where, (key, entry) in given.items() if self.scalar(where, entry, kind)}

    def record(self, path: str, given: object, kind: type[Record], without: Iterable[str] = ()) -> Record:
        """The record `kind` of the dict `given`; the fields `without` are the caller's to fill."""
        table = self.table(path, given)
        schema = {entry.name: entry for entry in fields(kind)}
        self.known(path, table, schema)
        values: dict[str, Any] = {}
        for name, entry in schema.items():
            if name in without:
                continue
            where, typed = f"{path}.{name}", str(entry.type)
            if name not in table:
                if entry.default is MISSING and entry.default_factory is MISSING:
                    self.errors.append(Mistake(where, "is missing: it must be given."))
                    values[name] = _EMPTY[typed]
            elif typed.startswith(_DICT):
                values[name] = self.entries(where, table[name], _inner(typed))
            elif self.scalar(where, table[name], typed):
                values[name] = table[name]
            elif entry.default is MISSING:
                values[name] = _EMPTY[typed]
        return kind(**values)
