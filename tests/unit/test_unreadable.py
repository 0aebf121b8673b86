"""Answers that can't be read: what is wrong with them is said for people, not for programmers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from cluster.number import whole
from cluster.state import Unknown
from engine.sections import facts
from facts.base import unreadable


def raised(work: Callable[[], object]) -> Exception:
    try:
        work()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


NOTHING: Any = None
BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: dict[str, str]()["wsrep_on"], "there is no wsrep_on in it"),
    (lambda: json.loads("<html>"), "it is no JSON, or none of the form that is known"),
    (lambda: msgspec.json.decode(b"[", type=int), "it is no JSON, or none of the form that is known"),
    (lambda: int("x"), "it has not the form that is known"),
    (lambda: float("x"), "it has not the form that is known"),
    (lambda: [][1], "it has not the form that is known"),
    (lambda: NOTHING["a"], "it has not the form that is known"),
    (lambda: NOTHING.a, "it has not the form that is known"),
    (lambda: b"\xff".decode(), "it is no text"),
    (lambda: whole("many"), "'many' is no whole number"),
    (lambda: whole(-5), "-5 is not from 0 to 9223372036854775807"),
]
PYTHON = re.compile(r"[A-Z]\w+(Error|Exception)\b|NoneType|literal|unpack|subscript|codec|object", re.ASCII)


@pytest.mark.parametrize(("work", "words"), BAD, ids=[words for _, words in BAD])
def test_what_is_wrong_with_an_answer_is_said_in_words_that_are_not_python_s(
    work: Callable[[], object], words: str
) -> None:
    reason = unreadable(raised(work), "wsrep_on\tON\x1b[31m\n").reason
    assert reason == f"its answer could not be read ({words}): it begins with 'wsrep_on ON[31m'"
    assert not PYTHON.search(reason)
    assert unreadable(raised(work), "").reason.endswith(": it is empty")


GARBAGE = (
    "",
    "x",
    "[",
    "{}",
    "[{}]",
    "null",
    "<a>",
    "<crm_mon/>",
    "Exit=x",
    "Exit=0",
    "wsrep_on\tON\nExit=0",
    "\0\n=\n,,",
)


@pytest.mark.parametrize("layer", sorted(facts()))
def test_no_fact_has_python_s_words_for_what_it_can_not_read(layer: str) -> None:
    fact = facts()[layer]
    for text in GARBAGE:
        record = fact.process(text.splitlines())
        assert not isinstance(record, Unknown) or not PYTHON.search(record.reason), (text, record)
