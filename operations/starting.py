"""What is started anew by whoever acts here, told, so that a restart by anybody else can be told from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from cluster.wire.deploys import Began
from facts.base import Services
from operations.hosts import look_all


class _Heard:
    """Nobody listens, and then no host is asked."""

    began: Callable[[Began], None] | None = None


_heard = _Heard()


@contextmanager
def heard_of(began: Callable[[Began], None]) -> Iterator[None]:
    """While this is open, `began` has whatever is started anew from here."""
    former = _heard.began
    _heard.began = began
    try:
        yield
    finally:
        _heard.began = former


def tell(one: Began) -> None:
    """Tell of a start that another process has made for this one."""
    if _heard.began:
        _heard.began(one)


@contextmanager
def starting(name: str, *units: str) -> Iterator[None]:
    """What is done while this is open starts these units of host `name` anew."""
    if not _heard.began:
        yield
        return
    before, after = _starts(name, units), dict[str, str]()
    try:
        yield
        after = _starts(name, units)
    finally:
        for unit in units:
            tell(Began(name, unit, before.get(unit, ""), after.get(unit, "")))


@contextmanager
def all_starting(names: Sequence[str], unit: str) -> Iterator[None]:
    """The same for one unit of several hosts."""
    with ExitStack() as together:
        for name in names:
            together.enter_context(starting(name, unit))
        yield


def _starts(name: str, units: tuple[str, ...]) -> dict[str, str]:
    seen = look_all([name], Services, units=dict.fromkeys(units, ()))[name]
    # A host that can't be asked is Unknown.
    return {unit: one.started for unit, one in seen.items()} if isinstance(seen, dict) else {}
