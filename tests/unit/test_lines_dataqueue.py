"""Each single line of each known answer of Galera and RabbitMQ is lost, garbled or said twice.

Nothing is raised, nothing that is bad becomes well by it, and nothing that runs is taken for down.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.galera.gates import may_run
from cluster.galera.record import GaleraNode
from cluster.galera.verdict import galera_health
from cluster.health.verdict import Verdict
from cluster.rabbitmq.record import BrokerNode
from cluster.rabbitmq.verdict import rabbitmq_health
from cluster.state import Unknown
from facts.galera import parse_wsrep_status
from facts.galera_recovery import parse_position
from facts.rabbitmq import parse_rabbit_cluster
from tests.unit.test_galera_recovery import FILE, POSITION
from tests.unit.test_health import CONTROLLERS, DATABASES, SPEC

FIXTURES = Path(__file__).parent / "fixtures"
GALERA = sorted([*(FIXTURES / "galera").glob("[!a]*.txt"), *(FIXTURES / "field").glob("galera-*.txt")])
RABBITMQ = sorted([*(FIXTURES / "rabbitmq").glob("*.txt"), *(FIXTURES / "field").glob("rabbitmq-*.txt")])


def garbled(line: str) -> Iterator[str]:
    """What may become of a line: nothing, half of it, its key alone, rubbish, the same twice."""
    body = line.rstrip("\n")
    yield ""
    yield f"{body[: len(body) // 2]}\n"
    yield f"{body[: len(body) // 2]}"
    for mark in ("=", "\t", ":"):
        key, found, _ = body.partition(mark)
        if found:
            yield f"{key}{found}\n"
    yield "?" * len(body) + "\n"
    yield f"{body.upper()[::-1]}\n"
    yield f"\x00{body}\ufffd\n"
    yield line * 2


def variants(path: Path) -> Iterator[tuple[str, str]]:
    """Each text that one line makes, with what was done."""
    lines = path.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        for other in garbled(line):
            yield "".join([*lines[:number], other, *lines[number + 1 :]]), f"line {number + 1} {line!r}: {other!r}"


def database(node: GaleraNode | Unknown) -> Verdict:
    return galera_health(SPEC, dict.fromkeys(DATABASES, node)).verdict


def queue(node: BrokerNode | Unknown) -> Verdict:
    return rabbitmq_health(SPEC, dict.fromkeys(CONTROLLERS, node)).verdict


@pytest.mark.parametrize("path", GALERA, ids=lambda path: path.stem)
def test_a_line_of_galera_s_answer(path: Path) -> None:
    node = parse_wsrep_status(path.read_text())
    well = database(node) is Verdict.OK
    for text, done in variants(path):
        other = parse_wsrep_status(text)
        assert well or database(other) is not Verdict.OK, done
        if may_run(node) and isinstance(other, GaleraNode):
            assert may_run(other), done
        if isinstance(node, GaleraNode) and node.uuid and isinstance(other, GaleraNode) and not other.running:
            assert other.uuid, done


@pytest.mark.parametrize("path", RABBITMQ, ids=lambda path: path.stem)
def test_a_line_of_a_broker_s_answer(path: Path) -> None:
    node = parse_rabbit_cluster(path.read_text())
    well = queue(node) is Verdict.OK
    runs = node.alive if isinstance(node, Unknown) else node.running
    for text, done in variants(path):
        other = parse_rabbit_cluster(text)
        assert well or queue(other) is not Verdict.OK, done
        if runs and isinstance(other, BrokerNode):
            assert other.running, done


def test_a_line_of_a_position() -> None:
    for text in (FILE + POSITION, "Running=yes\n"):
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            for other in garbled(line):
                found = parse_position("".join([*lines[:number], other, *lines[number + 1 :]]))
                # The tablespace's position is there whole, or it is not there.
                assert isinstance(found, Unknown) or (found.seqno, len(found.uuid)) == (16, 36), (line, other)
