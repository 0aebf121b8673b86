"""A stream of the wire: its first line says in which version it is written, each other line is one message."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

VERSION = 1
"""Another one for each change of a message that a reader of the former version would not understand."""

T = TypeVar("T")


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all messages have in common: `kind` says which one it is, and no field may be there that is not known."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What messages are made of, where it is no value of cluster/ already."""


class Wire(Message, frozen=True, tag="wire"):
    """The first line of a stream."""

    version: int


class OtherVersion(Exception):
    """The stream is not of this program's version; the text says so, and what to do."""


def line(message: Any) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"


FIRST = line(Wire(VERSION))
"""The first line of each stream that this program writes."""


def begins(first: bytes) -> None:
    """Take the first line of a stream. OtherVersion unless it says that what follows is of this version."""
    version = version_of(first)
    if version != VERSION:
        theirs = "says no version" if version is None else f"speaks version {version}"
        raise OtherVersion(
            f"The engine {theirs}, this program reads version {VERSION}: they are of different releases of hatui, and "
            "must be of the same one."
        )


def version_of(first: bytes) -> int | None:
    """The version that the first line of a stream says; None if it is no such line."""
    try:
        return _WIRE.decode(first).version
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


_WIRE = msgspec.json.Decoder(Wire)


class Reader(Generic[T]):
    """The messages of one stream: `kinds` is the type of them, a union of Messages."""

    def __init__(self, kinds: Any) -> None:
        self._decoder = msgspec.json.Decoder(kinds)
        self._begun = False

    def read(self, text: bytes | str) -> T | None:
        """The next line's message; None for the first line, which has none. OtherVersion, or msgspec.DecodeError."""
        if not self._begun:
            begins(text.encode() if isinstance(text, str) else text)
            self._begun = True
            return None
        message: T = self._decoder.decode(text)
        return message
