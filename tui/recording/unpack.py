"""Lines out of a recording's file, gzip or plain, whatever is in it: bounded in memory, and in how much there is."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tui.recording import RecordingError

LONGEST = 8 << 20
"""Bytes of a line. A longer one is left out."""
_READ = 16 << 10
_PIECE = 16 << 10
"""Bytes that are unpacked at a time: what a damaged file loses of what comes before the damage."""
_MOST = 8 << 30
"""Bytes of a file, unpacked: more than a day of 40 hosts in trouble, and less than a gzip bomb."""
_ENDLESS = 256 << 20
"""Bytes without a line's end."""
_BLOCK = 4 << 20
"""Bytes after which a plain file has another place to begin at."""
_MAGIC = b"\x1f\x8b"
_GZIP = 31

Found = tuple[int, bytes | None]
"""A line, without its end, and the place from which on it can be read again. None: it is too long or damaged."""


def lines(path: Path, place: int = 0) -> Iterator[Found]:
    """The lines of a file from `place` on, a place that an earlier line was found at.

    A last line without an end is left out: its writer was killed, or is at work. RecordingError if the file can't be
    read, or there is no end to it.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RecordingError(f"{path} is not a file.")
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
            file.seek(place)
            yield from _split(_unpacked(file, place) if magic == _MAGIC else _plain(file, place), path)
    except OSError as error:
        raise RecordingError(f"{path} can't be read: {error.strerror}.") from None


def _split(pieces: Iterator[tuple[int, bytes | None]], path: Path) -> Iterator[Found]:
    """Pieces to lines."""
    begun: list[bytes] = []
    where = length = total = 0
    for place, piece in pieces:
        if piece is None:
            yield place, None
            return
        total += len(piece)
        if total > _MOST:
            raise RecordingError(f"{path} holds more than {_MOST >> 30} GiB: it is no recording.")
        *ends, rest = piece.split(b"\n")
        for end in ends:
            if not length:
                where = place
            length += len(end)
            yield where, b"".join((*begun, end)) if length <= LONGEST else None
            begun, length = [], 0
        if rest:
            if not length:
                where = place
            length += len(rest)
            if length > _ENDLESS:
                raise RecordingError(f"{path} holds a line of more than {_ENDLESS >> 20} MiB: it is no recording.")
            # What is too long already is counted and not kept.
            if length <= LONGEST:
                begun.append(rest)
            else:
                begun.clear()


def _unpacked(file: IO[bytes], place: int) -> Iterator[tuple[int, bytes | None]]:
    """Each member's bytes with where it begins; None where they can't be unpacked."""
    unpacker = zlib.decompressobj(_GZIP)
    end = place
    while packed := file.read(_READ):
        end += len(packed)
        while packed:
            try:
                piece = unpacker.decompress(packed, _PIECE)
            except zlib.error:
                yield place, None
                return
            if piece:
                yield place, piece
            packed = unpacker.unconsumed_tail
            if unpacker.eof:
                packed = unpacker.unused_data
                place = end - len(packed)
                unpacker = zlib.decompressobj(_GZIP)


def _plain(file: IO[bytes], place: int) -> Iterator[tuple[int, bytes | None]]:
    """The same of a file that is not packed: a block ends where a line does."""
    begin = place
    while piece := file.readline(_PIECE):
        yield begin, piece
        place += len(piece)
        if piece.endswith(b"\n") and place - begin >= _BLOCK:
            begin = place
