"""`hatui replay`: a moment as a person writes it, and a stretch of a recording as one file for a colleague."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from cluster.exits import NO_INPUT
from cluster.wire.observed import told
from tests.streams.build import SPEC, START, STORIES
from tests.streams.hostile import hostile
from tui.main import main
from tui.recording import RecordingError, export
from tui.recording.moment import OutOfSpan, moment
from tui.recording.read import Recording
from tui.recording.write import Recorder


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    set_zone(monkeypatch, "UTC")


def set_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()


def at(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(fold=fold).timestamp()


def record(name: str, seconds: int = 1300) -> Recording:
    recorder = Recorder(name)
    for line in STORIES["degraded"](seconds):
        recorder.take(line)
    recorder.close()
    return Recording.of_cluster(name)


NIGHT = (at("2026-11-24 22:30:10+00:00"), at("2026-11-25 22:40:00+00:00"))


@pytest.mark.parametrize(
    "text,found",
    [
        ("02:14", "2026-11-25 02:14:00"),
        ("02:14:30", "2026-11-25 02:14:30"),
        (" 02:14 ", "2026-11-25 02:14:00"),
        ("22:35", "2026-11-25 22:35:00"),
        ("22:50", "2026-11-24 22:50:00"),
        ("2026-11-24 22:35", "2026-11-24 22:35:00"),
        ("2026-11-24 22:30", "2026-11-24 22:30:10"),
        ("2026-11-25 02:14:07", "2026-11-25 02:14:07"),
    ],
)
def test_a_time_is_the_last_such_time_in_the_recording(text: str, found: str) -> None:
    assert moment(text, NIGHT) == at(found)


def test_a_second_and_a_minute_that_the_recording_begins_in_are_in_it() -> None:
    begun = at("2026-11-25 02:14:59") + 0.7
    assert moment("02:14:59", (begun, begun + 60)) == begun
    assert moment("02:14", (begun, begun + 60)) == begun


@pytest.mark.parametrize("text", ["2026-11-24 22:29", "2026-11-25 22:40:01", "2025-11-25 02:14", "2026-11-26 02:14"])
def test_a_time_outside_of_the_recording_is_refused(text: str) -> None:
    with pytest.raises(OutOfSpan) as refused:
        moment(text, NIGHT)
    assert str(refused.value) == (
        f"{text} is not in the recording, which goes from 2026-11-24 22:30:10 to 2026-11-25 22:40:00."
    )


def test_a_time_that_was_not_yet_is_refused() -> None:
    with pytest.raises(OutOfSpan, match="23:00 is not in the recording"):
        moment("23:00", (at("2026-11-25 01:00"), at("2026-11-25 22:40")))


@pytest.mark.parametrize("text", ["", "2", "25:00", "02:60", "02:14:61", "now", "2026-13-01 02:14", "02:14 UTC"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(RecordingError, match="is no time: it must be such as 02:14, 02:14:30 or 2026-11-25 02:14"):
        moment(text, NIGHT)


def test_an_hour_that_comes_twice_is_the_later_one_and_one_that_is_skipped_never_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_zone(monkeypatch, "CET-1CEST,M3.5.0,M10.5.0/3")
    autumn = (at("2026-10-24 12:00"), at("2026-10-25 12:00"))
    assert moment("02:30", autumn) == at("2026-10-25 02:30", fold=1)
    before = (autumn[0], at("2026-10-25 02:40", fold=0))
    assert moment("02:30", before) == at("2026-10-25 02:30", fold=0)
    with pytest.raises(OutOfSpan):
        moment("02:30", (at("2026-03-29 00:00"), at("2026-03-29 12:00")))


def test_a_recording_of_years_is_not_searched_day_by_day() -> None:
    with pytest.raises(OutOfSpan):
        moment("2026-11-25 02:14", (1.0, 2.0))
    assert moment("02:14", (1.0, 3.9e9)) > 3.8e9


def test_a_stretch_begins_with_what_was_so_and_is_read_like_the_whole(tmp_path: Path) -> None:
    whole = record("lab")
    file = tmp_path / "incident.jsonl.gz"
    size = export.save(whole, file, START + 2, START + 1250)
    assert file.stat().st_size == size and file.stat().st_mode & 0o777 == 0o600
    part = Recording.of_file(file)
    assert part.span() == (START, START + 1250)
    assert [line for _, line in part.lines(START)] == [
        line for when, line in whole.lines(START) if when <= START + 1250
    ]
    assert part.at(START + 601) == whole.at(START + 601)
    # Also for whoever has no hatui: the version, what was so, and what came after.
    assert len(gzip.decompress(file.read_bytes()).splitlines()) == 2 + len(list(part.lines(START)))


def test_nothing_is_overwritten_and_nothing_half_written_stays(tmp_path: Path) -> None:
    whole = record("lab", 20)
    file = tmp_path / "mine"
    file.write_text("mine")
    with pytest.raises(RecordingError, match="is there already: nothing was written"):
        export.save(whole, file, START, START + 20)
    assert file.read_text() == "mine"
    with pytest.raises(RecordingError, match="can't be written: No such file or directory"):
        export.save(whole, tmp_path / "absent" / "x", START, START + 20)


def test_a_full_disk_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = record("lab", 20)

    def full(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(RecordingError, match=r"No space left on device\. It was taken away again"):
        export.save(whole, tmp_path / "x", START, START + 20)
    assert not (tmp_path / "x").exists()


def test_the_verb_hands_a_stretch_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from inventory import CLUSTER

    record(CLUSTER.name)
    file = tmp_path / "incident.jsonl.gz"
    assert main(["replay", "--save", str(file), "--from", "02:14:03", "--to", "02:20"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{file}: 2026-11-25 02:14:03 to 2026-11-25 02:20:00, ") and "no secret" in said
    assert Recording.of_file(file).span() == (START, START + 360)
    shorter = tmp_path / "shorter.jsonl.gz"
    assert main(["replay", str(file), "--save", str(shorter), "--to", "02:15"]) == 0
    assert Recording.of_file(shorter).span() == (START, START + 60)


@pytest.mark.parametrize(
    "arguments,words",
    [
        (["--from", "03:00"], "03:00 is not in the recording, which goes from 2026-11-25 02:14:00 to"),
        (["--from", "02:20", "--to", "02:15"], "02:15 does not come after 2026-11-25 02:20:00 in the recording"),
        (["--from", "soon"], "'soon' is no time"),
        (["absent.gz"], "absent.gz can't be read: No such file or directory."),
    ],
)
def test_what_the_verb_can_t_do_it_says(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from inventory import CLUSTER

    record(CLUSTER.name)
    assert main(["replay", *arguments, "--save", str(tmp_path / "x")]) == NO_INPUT
    assert words in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_nothing_recorded_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--save", str(tmp_path / "x")]) == NO_INPUT
    assert capsys.readouterr().err.startswith("Nothing of ")


def test_hostile_text_is_handed_over_unharmed(tmp_path: Path) -> None:
    recorder = Recorder(SPEC.name)
    lines = list(hostile())
    for line in lines:
        recorder.take(line)
    recorder.close()
    recording = Recording.of_cluster(SPEC.name)
    export.save(recording, tmp_path / "x", *recording.span())
    assert [told(line) for _, line in Recording.of_file(tmp_path / "x").lines(0)] == [told(line) for line in lines]


def test_recording_needs_nothing_heavy() -> None:
    heavy = ("asyncio", "gevent", "pyinfra", "rich", "textual")
    code = (
        "import sys, tui.recording.write, tui.recording.read, tui.recording.export\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
