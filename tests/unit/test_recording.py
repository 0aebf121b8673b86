"""Recordings: what is kept of a stream, that it is found again, and that bad files and full disks hurt nobody."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.wire.observed import Event, Snapshot, Told, told
from tests.streams.build import BREAKS, START, STORIES
from tests.streams.hostile import TEXTS, hostile
from tests.streams.many import many
from tui.recording import RecordingError, folder, store, unpack
from tui.recording.read import EVENTS, Recording
from tui.recording.write import Recorder

NAME = "lab"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "hatui" / NAME / "recordings"


def later(lines: Iterable[bytes], seconds: float) -> list[bytes]:
    """The same lines, told so much later."""
    return [line.replace(f'"at":{one.at}'.encode(), f'"at":{one.at + seconds}'.encode())
            for line in lines for one in [told(line)]]  # fmt: skip


def record(lines: Iterable[bytes], size: int = 1 << 28) -> list[str]:
    recorder = Recorder(NAME, size=size)
    said = [reason for line in lines if (reason := recorder.take(line))]
    recorder.close()
    return said


def kept(recording: Recording) -> list[Told]:
    return [told(line) for _, line in recording.lines(0)]


def test_each_event_is_kept_and_the_snapshot_after_it() -> None:
    lines = list(STORIES["degraded"](20))
    assert record(lines) == []
    found = kept(Recording.of_cluster(NAME))
    assert [one for one in found if isinstance(one, Event)] == [
        one for one in map(told, lines) if isinstance(one, Event)
    ]
    at = [round(one.at - START, 1) for one in found if isinstance(one, Snapshot)]
    assert at == [0, BREAKS, BREAKS + 1.2, 10, 15, 20]


def test_the_first_snapshot_with_every_answer_is_kept_however_soon_it_comes() -> None:
    first, *rest = (line for line in STORIES["healthy"](20) if isinstance(told(line), Snapshot))
    early = [line.replace(b'"complete":true', b'"complete":false') for line in later([first, first], -0.3)]
    assert record([*later(early[:1], -0.3), *early[1:], first, *rest]) == []
    found = [one for one in kept(Recording.of_cluster(NAME)) if isinstance(one, Snapshot)]
    assert [(round(one.at - START, 1), one.complete) for one in found][:3] == [(-0.6, False), (0, True), (5, True)]


def test_snapshots_in_a_storm_are_a_second_apart() -> None:
    record(many(hosts=20, events_a_minute=600))
    found = kept(Recording.of_cluster(NAME))
    assert sum(isinstance(one, Event) for one in found) == 600
    assert sum(isinstance(one, Snapshot) for one in found) == 61


def test_folder_and_files_are_the_owner_s_only(home: Path) -> None:
    record(STORIES["healthy"](1))
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()} == {
        "lock": 0o600, "20261125T021400.000Z.jsonl.gz": 0o600,
    }  # fmt: skip


def test_a_moment_is_the_last_snapshot_before_it_and_the_events_up_to_it() -> None:
    record(STORIES["degraded"](20))
    recording = Recording.of_cluster(NAME)
    assert recording.span() == (START, START + 20)
    before = recording.at(START + BREAKS - 0.1)
    assert before.snapshot.at == START and before.events == ()
    broken = recording.at(START + BREAKS + 0.5)
    assert broken.snapshot.at == START + BREAKS and len(broken.events) == 4
    assert recording.at(0) == recording.at(START)
    assert recording.at(START + 1e6).snapshot.at == START + 20
    after = list(recording.lines(START + 15))
    assert [at for at, _ in after] == [START + 20]


def test_events_before_a_moment_are_found_in_earlier_segments(home: Path) -> None:
    quiet = list(STORIES["healthy"](700))
    record([*later(STORIES["degraded"](20), -900), *quiet])
    assert len(list(home.glob("*.gz"))) == 3
    scene = Recording.of_cluster(NAME).at(START + 650)
    assert scene.snapshot.at == START + 650 and len(scene.events) == 7
    assert [event.at for event in scene.events] == sorted(event.at for event in scene.events)


def test_no_more_events_than_are_shown_are_held() -> None:
    record(many(hosts=20, events_a_minute=1800))
    scene = Recording.of_cluster(NAME).at(START + 59.9)
    assert len(scene.events) == EVENTS and scene.events[-1].at == START + 59.5


def test_a_moment_of_a_day_needs_but_the_parts_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(23):
        record(later(STORIES["degraded"](20), 3600 * hour))
    recording = Recording.of_cluster(NAME)
    read: list[Path] = []

    def lines(path: Path, place: int = 0) -> Iterator[unpack.Found]:
        read.append(path)
        return unpack.lines(path, place)

    monkeypatch.setattr("tui.recording.read.lines", lines)
    scene = recording.at(START + 12 * 3600 + 60)
    assert scene.snapshot.at == START + 12 * 3600 + 20 and len(read) == 2


def test_what_was_written_outlives_a_kill(home: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time\n"
         "from tui.recording.write import Recorder\n"
         "from tests.streams.build import STORIES\n"
         f"recorder = Recorder({NAME!r})\n"
         "for line in STORIES['degraded'](20): recorder.take(line)\n"
         "print('written', flush=True)\n"
         "time.sleep(60)\n"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert writer.stdout and writer.stdout.readline() == b"written\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    recording = Recording.of_cluster(NAME)
    assert recording.span()[1] == START + 20 and len(recording.at(START + 20).events) == 7
    assert recording.left_out() == ""
    # And the lock went with it.
    record(later(STORIES["healthy"](5), 60))
    assert Recording.of_cluster(NAME).span()[1] == START + 65


def test_a_torn_tail_is_left_out(home: Path) -> None:
    record(STORIES["degraded"](20))
    (path,) = home.glob("*.gz")
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        try:
            assert Recording.of_cluster(NAME).span()[1] <= START + 20
        except RecordingError as error:
            assert "Nothing of lab is recorded" in str(error)


def test_the_oldest_segments_make_room(home: Path) -> None:
    for hour in range(12):
        record(later(many(hosts=20, events_a_minute=600), 3600 * hour), size=200_000)
        assert sum(path.stat().st_size for path in home.iterdir()) <= 200_000
    first, last = Recording.of_cluster(NAME).span()
    assert last == START + 11 * 3600 + 60 and first > START + 3600


def test_what_is_older_than_a_day_goes(home: Path) -> None:
    for hour in (0, 10, 30, 40):
        record(later(STORIES["healthy"](5), 3600 * hour))
    # What began first ended before the one after it began, 30 hours ago.
    assert Recording.of_cluster(NAME).span()[0] == START + 10 * 3600
    assert len(list(home.glob("*.gz"))) == 3


def test_a_clock_that_was_wrong_costs_no_more_than_what_it_wrote(home: Path) -> None:
    for at in (START + 1e8, START, START + 60):
        record(later(STORIES["healthy"](5), at - START))
    sizes = {one.begin: one.path.stat().st_size for one in folder.segments(home)}
    folder.prune(home, START + 120, age=store.AGE, size=sizes[START] + sizes[START + 60])
    assert [one.begin for one in folder.segments(home)] == [START, START + 60]


def test_a_clock_that_is_set_back_begins_another_segment(home: Path) -> None:
    record([*later(STORIES["healthy"](5), 100), *STORIES["healthy"](5)])
    assert [one.begin for one in folder.segments(home)] == [START, START + 100]
    assert Recording.of_cluster(NAME).span() == (START, START + 105)


def test_of_two_recorders_one_writes_and_the_other_takes_over() -> None:
    first, second = Recorder(NAME), Recorder(NAME)
    lines = list(STORIES["healthy"](20))
    for line in lines[:10]:
        assert first.take(line) is None and second.take(line) is None
    first.close()
    for line in lines[10:]:
        second.take(line)
    second.close()
    first.close()
    recording = Recording.of_cluster(NAME)
    assert [round(at - START) for at, _ in recording.lines(0)] == [0, 5, 10, 15, 20]


def test_a_folder_that_can_t_be_made_is_told_of_once(home: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("in the way")
    said = record([*STORIES["degraded"](20), *later(STORIES["degraded"](20), 120)])
    assert said == [f"Nothing is recorded: {home} can't be written to (File exists)."]


def test_a_full_disk_is_told_of_once_and_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, write = [True], os.write

    def writes(number: int, data: bytes) -> int:
        # A little fits: the header of a file.
        if full[0] and len(data) > 10:
            raise OSError(28, os.strerror(28))
        return write(number, data)

    monkeypatch.setattr(os, "write", writes)
    recorder = Recorder(NAME)
    said = [recorder.take(line) for line in STORIES["degraded"](200)]
    assert [reason for reason in said if reason] == [
        f"Nothing is recorded: {home} can't be written to (No space left on device)."
    ]
    assert list(home.glob("*.gz")) == []
    event = next(line for line in STORIES["degraded"](5) if b'"event"' in line)
    assert recorder.take(later([event], 300)[0]) is None
    full[0] = False
    assert {recorder.take(line) for line in later(STORIES["healthy"](90), 200)} == {None}
    full[0] = True
    recorder.close()
    assert Recording.of_cluster(NAME).span()[1] == START + 290


def test_lines_that_are_none_are_not_kept() -> None:
    record(
        [
            *STORIES["healthy"](1),
            b"",
            b"\n",
            b"{}\n",
            b"\xff\n",
            b'{"x":' + b"[" * 100_000,
            b'{"kind":"snapshot","at":1e17}',
            b'{"kind":"snapshot","at":-1}',
            b'{"kind":"snapshot","at":1e999}',
        ]
    )
    recording = Recording.of_cluster(NAME)
    assert [at for at, _ in recording.lines(0)] == [START] and recording.left_out() == ""


def test_hostile_text_is_kept_as_it_was_told() -> None:
    record(hostile())
    found = kept(Recording.of_cluster(NAME))
    assert [one.text for one in found if isinstance(one, Event)] == list(TEXTS.values())


def bad(name: str) -> bytes:
    good = b"".join(STORIES["degraded"](10))
    event = b'{"kind":"event","at":%d,"layer":"galera","host":"","verdict":"OK","text":"%s"}\n'
    return {
        "empty": b"",
        "text": b"first\nsecond\n",
        "binary": bytes(range(256)) * 40,
        "gzip of nothing": gzip.compress(b""),
        "gzip of text": gzip.compress(b"no recording\n" * 1000),
        "deep": b'{"x":' + b"[" * 1_000_000 + b"\n",
        "a gzip header": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 100,
        "events only": event % (START, b"x"),
        "a snapshot without its fields": b'{"kind":"snapshot","at":5}\n',
        "a zip": b"PK\x03\x04" + bytes(100),
        "half": gzip.compress(good)[:300],
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["empty", "text", "binary", "gzip of nothing", "gzip of text", "deep", "a gzip header", "events only",
     "a snapshot without its fields", "a zip", "half"],
)  # fmt: skip
def test_a_file_that_is_no_recording_is_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bad(name))
    with pytest.raises(RecordingError, match="is no recording: there is no snapshot"):
        Recording.of_file(path)


def test_what_can_t_be_opened_is_refused_with_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "absent", "can't be read: No such file or directory."),
        (tmp_path, "is not a file."),
        (tmp_path / "pipe", "is not a file."),
        (Path("/dev/zero"), "is not a file."),
    ):
        with pytest.raises(RecordingError) as refused:
            Recording.of_file(path)
        assert str(refused.value) == f"{path} {words}"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_what_is_no_line_of_the_stream_is_left_out_and_told_of(pack: Any, tmp_path: Path) -> None:
    lines = list(STORIES["degraded"](10))
    bad_lines = [
        b"no json\n", b"\n", b'{"kind":"other","at":5}\n', b'{"kind":"event","at":"x"}\n', b"\xff\xfe\n",
        b'{"kind":"event","at":1e999}\n', b'{"kind":"snapshot","at":%d}\n' % (START + 4), b"[" * 100_000 + b"\n",
        b'{"kind":"event","at":%d,"layer":"","host":"","verdict":"OK","text":"' % 5 + b"A" * unpack.LONGEST + b'"}\n',
        b"\0" * 20_000_000 + b"\n",
    ]  # fmt: skip
    path = tmp_path / "file"
    path.write_bytes(pack(b"".join([bad_lines[0], *lines[:3], *bad_lines[1:], *lines[3:]]) + b'{"torn'))
    recording = Recording.of_file(path)
    assert [line for _, line in recording.lines(0)] == [line.rstrip() for line in lines]
    assert recording.at(START + 4.1).snapshot.at == START + 4
    assert recording.left_out() == "10 lines are left out: damaged, too long or not the observer's."


def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "_MOST", 64 << 20)
    monkeypatch.setattr(unpack, "_ENDLESS", 32 << 20)
    path = tmp_path / "bomb"
    for line, words in (
        (bytes(1 << 20), "holds a line of more than 32 MiB: it is no recording"),
        (bytes(1 << 20) + b"\n", "holds more than . GiB: it is no recording"),
        (b"\n" * (1 << 20), "is no recording: more than 1,000,000 lines of it can't be read"),
    ):
        path.write_bytes(gzip.compress(line) * 100)
        with pytest.raises(RecordingError, match=words):
            Recording.of_file(path)


def test_events_of_a_megabyte_are_not_all_held(tmp_path: Path) -> None:
    event = b'{"kind":"event","at":%d,"layer":"galera","host":"","verdict":"OK","text":"' + b"A" * 1_000_000 + b'"}\n'
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"".join([*STORIES["healthy"](1), *(event % (START + n) for n in range(100))]), 1))
    events = Recording.of_file(path).at(START + 99).events
    assert [event.at - START for event in events] == list(range(92, 100))


def test_what_was_damaged_in_the_middle_is_read_up_to_there(home: Path) -> None:
    for minute in range(3):
        record(later(STORIES["degraded"](20), 60 * minute))
    middle = folder.segments(home)[1].path
    data = bytearray(middle.read_bytes())
    quarter = len(data) // 4
    data[-quarter:] = random.Random(2).randbytes(quarter)
    middle.write_bytes(data)
    recording = Recording.of_cluster(NAME)
    assert recording.at(START + 140).snapshot.at == START + 140
    assert {round((at - START) // 60) for at, _ in recording.lines(0)} == {0, 1, 2}
    assert "left out: damaged" in recording.left_out()


def test_a_segment_that_is_deleted_while_it_is_read_is_left_out(home: Path) -> None:
    for minute in range(3):
        record(later(STORIES["healthy"](20), 60 * minute))
    recording = Recording.of_cluster(NAME)
    folder.segments(home)[1].path.unlink()
    assert {round((at - START) // 60) for at, _ in recording.lines(0)} == {0, 2}


def test_other_files_in_the_folder_are_left_alone(home: Path) -> None:
    record(STORIES["healthy"](5))
    (home / "notes.jsonl.gz").write_text("mine")
    (home / "20269999T999999.000Z.jsonl.gz").write_text("mine")
    record(later(STORIES["healthy"](5), 1e6), size=1)
    assert {path.name for path in home.iterdir()} >= {"notes.jsonl.gz", "20269999T999999.000Z.jsonl.gz"}
    assert len(folder.segments(home)) == 1


def test_a_segment_is_ten_minutes() -> None:
    record(STORIES["healthy"](1300))
    assert [one.begin - START for one in folder.segments(folder.folder_of(NAME))] == [0, store.SEGMENT_TIME, 1200]
    assert time.gmtime(START).tm_hour == 2
