"""What a host says, taken apart: in pieces, many looks on end, and when it says what it must not."""

from __future__ import annotations

import pytest

from engine.frames import NOISE, Beat, Frame, Frames, Garbled, Hint, Section
from engine.script import LIMIT

MARK = "0123456789abcdef"


def look(name: str, text: str, code: int = 0) -> bytes:
    return f"{MARK} look {name} {code} {len(text.encode())}\n{text}".encode()


def fed(*chunks: bytes) -> list[Frame]:
    frames = Frames(MARK)
    return [frame for chunk in chunks for frame in frames.feed(chunk)]


def test_many_looks_in_pieces_of_any_size() -> None:
    said = b"motd\n" + b"".join(
        look("one", f"line {number}\n\n{MARK} look two 0 0\n") + f"{MARK} begun one two\n{MARK} beat\n".encode()
        for number in range(50)
    )
    whole = fed(said)
    assert len(whole) == 150
    assert whole[:3] == [Section("one", 0, f"line 0\n\n{MARK} look two 0 0\n"), Hint(("one", "two"), True), Beat()]
    for size in (1, 7, 64):
        assert fed(*(said[at : at + size] for at in range(0, len(said), size))) == whole


def test_broken_text_is_text() -> None:
    assert fed(f"{MARK} look one 3 4\n".encode() + b"\xff\x00\x1b[") == [Section("one", 3, "\ufffd\x00\x1b[")]


@pytest.mark.parametrize(
    "said",
    [
        b"x" * (NOISE + 1),
        f"{MARK} beat\nfree text\n".encode(),
        f"{MARK} beat\n".encode() + b"x" * 500,
        f"{MARK} look one 0 {LIMIT + 1}\n".encode(),
        f"{MARK} look one 0 -1\n".encode(),
        f"{MARK} look one 0 99999999999999999999\n".encode(),
        f"{MARK} look one zero 0\n".encode(),
        f"{MARK} look one\n".encode(),
        f"{MARK} dance\n".encode(),
        f"{MARK}beat\n".encode(),
    ],
    ids=["noise", "text", "line", "large", "negative", "huge", "code", "short", "kind", "mark"],
)
def test_what_can_not_be_a_frame_ends_it(said: bytes) -> None:
    with pytest.raises(Garbled):
        fed(said)


def test_a_reason_shows_nothing_harmful() -> None:
    with pytest.raises(Garbled, match=r"^says what it was not asked: \[31mred$"):
        fed(f"{MARK} beat\n".encode() + b"\x1b[31mred\x07\n")


def test_a_frame_that_never_ends_is_bounded() -> None:
    frames = Frames(MARK)
    assert list(frames.feed(f"{MARK} look one 0 {LIMIT}\n".encode())) == []
    for _ in range(LIMIT // 65536 - 1):
        assert list(frames.feed(b"x" * 65536)) == []
    found = list(frames.feed(b"x" * 65536))
    assert [len(frame.text) for frame in found if isinstance(frame, Section)] == [LIMIT]
