"""What the nodes hold against what a writer was told."""

from __future__ import annotations

from tests.e2e.writes import Attempt, Stored, outcomes, wrongs

JOURNAL = [
    '[1, 1, "sent"]',
    '[1, 1, "acked"]',
    '[2, 1, "sent"]',
    '[2, 1, "unknown"]',
    '[2, 2, "sent"]',
    '[2, 2, "failed"]',
    '[2, 3, "sent"]',
    '[2, 3, "acked"]',
    '[3, 1, "sent"]',
]
GOOD: tuple[Attempt, ...] = ((1, 1), (2, 3))


def found(*nodes: tuple[Attempt, ...]) -> list[str]:
    return wrongs(outcomes(JOURNAL), {f"db{n}": Stored(rows, str(rows)) for n, rows in enumerate(nodes, 1)})


def test_the_unknown_may_be_there_or_not() -> None:
    assert found(GOOD, GOOD) == []
    assert found((*GOOD, (2, 1), (3, 1))) == []


def test_what_is_wrong_is_named() -> None:
    assert found(((1, 1),)) == ["db1: 1 acknowledged and not there: [(2, 3)]"]
    assert found((*GOOD, (4, 1))) == ["db1: 1 there and never attempted: [(4, 1)]"]
    assert found((*GOOD, (2, 2))) == ["db1: 1 there although refused: [(2, 2)]"]
    assert found((*GOOD, (1, 1))) == ["db1: 1 there twice: [(1, 1)]"]
    (different,) = found(GOOD, (*GOOD, (3, 1)))
    assert "the nodes hold different data" in different and "db1" in different and "db2" in different


def test_a_journal_without_an_acknowledged_write_shows_nothing() -> None:
    assert wrongs({}, {"db1": Stored((), "")}) == ["no write was acknowledged: nothing is shown"]
