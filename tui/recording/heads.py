"""What the recording itself looks at in a line of the stream: which kind it is, and from when."""

from __future__ import annotations

from typing import Literal

import msgspec

LATEST = 4e9
"""Seconds since the epoch, in 2096. A line that says it is from later is not believed."""


class Head(msgspec.Struct):
    """`at` in seconds since the epoch; `complete`: see cluster.wire.observed.Snapshot."""

    kind: Literal["snapshot", "event"]
    at: float
    complete: bool = True


_DECODER = msgspec.json.Decoder(Head)

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a line that is none of the stream's."""


def head(line: bytes) -> Head | None:
    """The head of a line; None if it is none of the stream's."""
    try:
        found = _DECODER.decode(line)
    except UNREADABLE:
        return None
    return found if 0 < found.at < LATEST else None
