"""The database's traffic on the balancers: who is the writer, and how it is moved away from a node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def writer_of(balancers: Sequence[str]) -> str | None:
    return None


@contextmanager
def away_from(name: str, balancers: Sequence[str]) -> Iterator[None]:
    yield
