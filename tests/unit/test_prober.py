"""The prober and the streams against servers that refuse, hang, cut and answer late."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

import pytest

from engine.probes.amqp import AmqpStream, greet
from engine.probes.felt import TIMEOUT, Felt, kind_of
from engine.probes.prober import Prober
from engine.probes.sql import SqlStream, query
from engine.probes.stream import Stream
from tests.unit.servers import GREETING, Behaviour, free_port, hang, opened_and_reset, reset, saying, serving


def probed(port: int, seconds: float) -> Felt:
    with Prober(greet("127.0.0.1", port)) as prober:
        time.sleep(seconds)
    return prober.felt


def test_an_outage_is_as_long_as_it_was() -> None:
    with serving(saying(GREETING)) as port:
        prober = Prober(greet("127.0.0.1", port))
        prober.start()
        time.sleep(0.5)
    begin = time.monotonic()
    time.sleep(0.3)
    outage = time.monotonic() - begin
    with serving(saying(GREETING), port):
        time.sleep(0.5)
        prober.stop()
        prober.wait()
    felt = prober.felt
    # The servers' own ends and beginnings, and one interval on each side.
    assert outage <= felt.gap < outage + 1, str(felt)
    assert felt.failed > 20 and "connection refused" in felt.kinds, str(felt)


def test_probes_go_on_while_others_hang_and_none_is_forgotten() -> None:
    with serving(hang) as port:
        begin = time.monotonic()
        felt = probed(port, 0.3)
        lasted = time.monotonic() - begin
    assert felt.probes == felt.failed > 20, str(felt)
    assert felt.kinds == {f"no answer within {TIMEOUT:g} s": felt.probes}
    assert lasted >= TIMEOUT


def test_latency_counts_from_the_schedule() -> None:
    prober = Prober(lambda: "mysql1")
    prober._room.acquire()
    prober._one(time.monotonic() - 0.5)
    assert prober.felt.longest >= 0.5 and prober.felt.late >= 0.5
    with serving(saying(GREETING, after=0.2)) as port:
        felt = probed(port, 0.5)
    assert felt.failed == 0 and (felt.latency(0.5) or 0) >= 0.2, str(felt)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (reset, "connection reset by peer"),
        (saying(b"AMQP\x00\x00\x09\x01AMQP"), "ConnectionError: something else than a broker's greeting"),
        (
            saying(GREETING.replace(b"\x0a\x00\x0a", b"\x0a\x00\x32")),
            "ConnectionError: something else than a broker's greeting",
        ),
        (lambda connection: connection.recv(8), "ConnectionError: closed before the broker greeted"),
    ],
)
def test_only_a_brokers_greeting_is_a_success(behaviour: Behaviour, kind: str) -> None:
    with serving(behaviour) as port:
        felt = probed(port, 0.1)
    assert felt.kinds == {kind: felt.probes}, str(felt)


def test_no_more_probes_than_there_is_room_for_hang_at_once() -> None:
    let_go = threading.Event()
    prober = Prober(lambda: str(let_go.wait()), rate=1)
    prober._interval = 0.001
    prober.start()
    time.sleep(0.3)
    prober.stop()
    # None begins beside those that are let go.
    prober._schedule.join()
    let_go.set()
    prober.wait()
    assert prober.felt.probes - prober.felt.failed == 11
    assert set(prober.felt.kinds) == {"not begun: all probes before it hang"}


def test_a_database_that_refuses_cuts_or_hangs() -> None:
    with Prober(query("127.0.0.1", "secret", free_port())) as prober:
        time.sleep(0.1)
    assert prober.felt.kinds == {"connection refused": prober.felt.probes}
    for behaviour, kind in ((reset, "connection reset by peer"), (hang, "no answer within 2 s")):
        with serving(behaviour) as port, pytest.raises(Exception, match=r"\(20") as raised:
            query("127.0.0.1", "secret", port)()
        assert kind_of(raised.value) == kind


def until_it_fails(stream: Stream) -> None:
    stream.start()
    deadline = time.monotonic() + 20
    while not stream.heard.kinds and time.monotonic() < deadline:
        time.sleep(0.01)
    stream.stop()
    stream.wait()


@pytest.mark.parametrize("kind", [SqlStream, AmqpStream])
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (None, "connection refused"),
        (hang, "no answer within 2 s"),
        (reset, "connection reset by peer"),
        (lambda connection: connection.sendall(b"nonsense" * 100), ""),
    ],
)
def test_a_stream_that_never_opens_has_no_gap_and_no_reset(
    kind: type[SqlStream | AmqpStream], behaviour: Behaviour | None, reason: str
) -> None:
    with serving(behaviour) if behaviour else nullcontext(free_port()) as port:
        stream = kind("127.0.0.1", port, "secret")
        until_it_fails(stream)
    assert (stream.heard.beats, stream.heard.resets, stream.heard.gap) == (0, 0, None)
    assert stream.heard.kinds
    assert not reason or set(stream.heard.kinds) == {reason}


def test_a_broker_that_is_gone_once_the_channel_is_open_is_one_plain_failure(caplog: pytest.LogCaptureFixture) -> None:
    with serving(opened_and_reset) as port:
        stream = AmqpStream("127.0.0.1", port, "secret")
        until_it_fails(stream)
    assert set(stream.heard.kinds) == {"connection reset by peer"}
    # What breaks while it is told of that would be there, too.
    assert {one.exc_info[0] for one in caplog.records if one.exc_info} <= {ConnectionResetError}
