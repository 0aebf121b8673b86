"""Whether a line and its message are the same: what a test of the wire asks of each message there is."""

from __future__ import annotations

from typing import Any

import msgspec

from cluster.wire.journal import Entry


def exact(text: bytes | str, kinds: Any) -> Any:
    """The message of a line. AssertionError if the line has a field too many or too few, at whatever depth."""
    message = msgspec.json.decode(text, type=kinds)
    said, known = msgspec.json.decode(text), msgspec.json.decode(msgspec.json.encode(message))
    assert said == known, f"the line and the type differ: {_different(said, known, '')}"
    return message


def tag(entry: Entry) -> str:
    """Which event of a journal it is."""
    return str(entry.__struct_config__.tag)


def _different(said: Any, known: Any, where: str) -> str:
    """The first place where they differ."""
    if isinstance(said, dict) and isinstance(known, dict):
        for key in [*said, *known]:
            if said.get(key) != known.get(key) or (key in said) != (key in known):
                return _different(said.get(key, "(absent)"), known.get(key, "(absent)"), f"{where}.{key}")
    if isinstance(said, list) and isinstance(known, list) and len(said) == len(known):
        for number, (one, other) in enumerate(zip(said, known, strict=True)):
            if one != other:
                return _different(one, other, f"{where}[{number}]")
    return f"{where}: {said!r} in the line, {known!r} in the type"
