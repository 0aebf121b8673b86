"""A runbook's plan before anything is chosen: what there is to choose from, what is so of each, and what against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import gevent

from engine.runbook import Candidate, Plan
from operations.steps import FAILURES

WHERE_TO = "Say where to: --to HOST."


def choice(
    title: str,
    names: Iterable[str],
    against: Callable[[str], str],
    *,
    say: str,
    origin: str = "",
    now: Callable[[str], str] = lambda _: "",
) -> Plan:
    """A plan that is refused with `say`, a sentence; its candidates are `names`, each with what is `against` it.

    `now` says what is so of a name, in few words (Candidate). Planning may ask hosts, so all candidates are planned
    side by side.
    """
    reasons = {name: gevent.spawn(_asked, against, name) for name in names}
    found = [Candidate(name, reason.get(), now(name)) for name, reason in reasons.items()]
    return Plan(title, candidates=found, refused=say, origin=origin)


def _asked(against: Callable[[str], str], name: str) -> str:
    try:
        return against(name).removesuffix(".")
    except FAILURES as failure:
        # It can't be planned: a host that is needed for it can't be asked.
        return str(failure).removesuffix(".")
