"""What a host says while it is looked at, taken apart as it comes (engine/resident.pl says it)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cluster.text import clean
from engine.script import LIMIT

NOISE = 2**16
"""Bytes that may come before the first frame: what a host's shell prints when it starts."""
_HEADER = 400
"""Bytes of a frame's first line."""


class Garbled(Exception):
    """What a host says is not what it was sent to say; the text is a sentence without the host's name."""


@dataclass(frozen=True, slots=True)
class Section:
    """The whole output of one section, and its exit code; -1: it said more than LIMIT bytes, which are left out."""

    name: str
    exit: int
    text: str


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint of these layers has changed. `begun`: their sections run already."""

    names: tuple[str, ...]
    begun: bool


@dataclass(frozen=True, slots=True)
class Beat:
    """The host is there, and goes on looking at its hints. Once a second."""


Frame = Section | Hint | Beat


class Frames:
    """One host's answers. Lengths go before texts, and lines begin with a mark: no output can pass for a frame."""

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self._buffer = bytearray()
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """The frames that `chunk` completes. Garbled, after those that came before it, if it can't be one."""
        self._buffer += chunk
        if not self._begun and not self._skip_noise():
            return
        while (end := self._buffer.find(b"\n", 0, _HEADER)) >= 0:
            header = bytes(self._buffer[:end]).split(b" ")
            if header[0] != self._mark:
                raise Garbled(f"says what it was not asked: {_shown(self._buffer)}")
            length = self._length(header)
            if len(self._buffer) < end + 1 + length:
                return
            text = self._buffer[end + 1 : end + 1 + length].decode(errors="replace")
            del self._buffer[: end + 1 + length]
            yield _frame([word.decode(errors="replace") for word in header[1:]], text)
        if len(self._buffer) >= _HEADER:
            raise Garbled(f"says what it was not asked: {_shown(self._buffer)}")

    def _skip_noise(self) -> bool:
        start = 0 if self._buffer.startswith(self._mark) else self._buffer.find(b"\n" + self._mark) + 1
        if start == 0 and not self._buffer.startswith(self._mark):
            if len(self._buffer) > NOISE:
                raise Garbled(f"says what it was not asked: {_shown(self._buffer)}")
            return False
        del self._buffer[:start]
        self._begun = True
        return True

    def _length(self, header: list[bytes]) -> int:
        if header[1:2] != [b"look"]:
            return 0
        if len(header) != 5 or not header[4].isdigit() or len(header[4]) > 8 or int(header[4]) > LIMIT:
            raise Garbled(f"announces a section that can't be: {_shown(b' '.join(header[1:]))}")
        return int(header[4])


def _frame(words: list[str], text: str) -> Frame:
    match words:
        case ["look", name, code, _] if code.removeprefix("-").isdecimal() and len(code) < 5:
            return Section(name, int(code), text)
        case ["hint" | "begun" as kind, *names]:
            return Hint(tuple(names), kind == "begun")
        case ["beat"]:
            return Beat()
    raise Garbled(f"says what it was not asked: {clean(' '.join(words), 80)}")


def _shown(said: bytes | bytearray) -> str:
    return clean(said[:400].decode(errors="replace"), 80)
