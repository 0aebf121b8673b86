"""Figures of what was felt, from times that are given."""

from __future__ import annotations

import errno
import os

import pymysql
import pytest

from engine.probes.felt import KINDS, OTHERS, TIMEOUT, Felt, Heard, kind_of
from engine.probes.report import service_report


def steady(felt: Felt, begin: float, end: float, took: float = 0.004) -> None:
    for number in range(round(begin * 100), round(end * 100)):
        felt.succeeded(number / 100, number / 100 + took, "mysql1")


def test_the_gap_is_the_longest_time_between_two_successes() -> None:
    felt = Felt(0.0)
    steady(felt, 0.0, 1.0)
    for _ in range(46):
        felt.failed_with("connection refused")
    steady(felt, 1.46, 3.0)
    felt.ended(3.0)
    assert felt.gap == pytest.approx(0.47)
    assert (felt.probes, felt.failed, felt.kinds) == (300, 46, {"connection refused": 46})


def test_an_outage_that_hides_in_slow_answers_is_in_p99_and_in_the_gap() -> None:
    """All answer at last, and at the same time: a closed loop would have had one slow answer."""
    felt = Felt(0.0)
    steady(felt, 0.0, 1.0)
    for number in range(100, 146):
        felt.succeeded(number / 100, 1.47, "mysql2")
    steady(felt, 1.47, 5.0)
    felt.ended(5.0)
    assert felt.failed == 0 and felt.gap == pytest.approx(1.47 - 0.994)
    assert felt.latency(0.99) == pytest.approx(0.42, abs=0.02) and felt.longest == pytest.approx(0.47)
    assert felt.answers == {"mysql1": 453, "mysql2": 46}


def test_an_outage_at_the_beginning_or_the_end_counts() -> None:
    late = Felt(0.0)
    steady(late, 2.0, 3.0)
    assert late.gap == pytest.approx(2.004)
    early = Felt(0.0)
    steady(early, 0.0, 1.0)
    early.ended(4.0)
    assert early.gap == pytest.approx(4.0 - 0.994)


def test_nothing_succeeded_has_no_latency() -> None:
    felt = Felt(0.0)
    felt.failed_with("connection refused")
    felt.ended(2.5)
    heard = Heard()
    heard.broke("connection refused", was_open=False)
    heard.ended(2.5)
    report = service_report(2.5, felt, heard)
    assert (report.gap_ms, report.p99_ms, report.longest_ms) == (2500, None, None)
    assert (report.stream.gap_ms, report.stream.resets, report.stream.kinds) == (None, 0, {"connection refused": 1})


def test_an_answer_after_the_timeout_is_a_failure() -> None:
    felt = Felt(0.0)
    felt.succeeded(0.0, TIMEOUT, "mysql1")
    felt.succeeded(0.0, TIMEOUT + 0.001, "mysql1")
    assert (felt.probes, felt.failed, felt.longest) == (2, 1, TIMEOUT)


def test_what_is_remembered_of_kinds_and_answers_is_bounded() -> None:
    felt = Felt(0.0)
    for number in range(1000):
        felt.failed_with(f"error {number}")
        felt.succeeded(number, number + 0.1, f"node\x1b[31m {number}")
    assert len(felt.kinds) == len(felt.answers) == KINDS + 1
    assert felt.kinds[OTHERS] == 1000 - KINDS
    assert "\x1b" not in felt.last_answer


def test_a_stream_counts_from_its_first_beat() -> None:
    heard = Heard()
    assert heard.gap is None
    for at in (10.0, 10.05, 10.1):
        heard.beat(at)
    heard.broke("connection reset by peer", was_open=True)
    heard.broke("connection refused", was_open=False)
    heard.beat(10.6)
    heard.ended(10.65)
    assert heard.gap == pytest.approx(0.5) and heard.resets == 1 and heard.beats == 4


def wrapped(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception:
            raise pymysql.err.OperationalError(2013, "Lost connection") from None
    except Exception as error:
        return error


def test_a_kind_is_the_systems_own_reason_where_there_is_one() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    assert kind_of(refused) == kind_of(wrapped(refused)) == "connection refused"
    assert kind_of(wrapped(TimeoutError("timed out"))) == "no answer within 2 s"
    assert kind_of(pymysql.err.OperationalError(1047, "WSREP has\x1b not yet")) == "WSREP has not yet (1047)"
    assert len(kind_of(Exception("x" * 10_000))) == 100
