"""A runbook's plan before anything is chosen: what there is to choose from, what is so of each, and what against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import gevent

from cluster.duty import writers
from cluster.gates.keepalived import owners
from cluster.gates.pacemaker import view_of
from engine.runbook import Candidate, Plan, View
from operations.steps import FAILURES

WHERE_TO = "Say where to: --to HOST."
_NAMED = 3
"""Resources of a host that are told by their names; more are counted."""


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


def carried(view: View, host: str) -> str:
    """What the cluster has on `host` now that has to go elsewhere without it; empty if there is nothing."""
    seen = view_of(view.state.pacemaker)
    resources = seen.resources if seen else ()
    here = [one.id for one in resources if host in one.nodes and not one.agent.startswith("stonith:")]
    found = ["has the VIP"] if host in owners(view.state.vrrp, view.cluster.keepalived.vip) else []
    found += ["is the writer"] if host in writers(view.state.haproxy, view.state.hosts) else []
    found += [f"runs {', '.join(here) if len(here) <= _NAMED else f'{len(here)} resources'}"] if here else []
    return ", ".join(found)


def _asked(against: Callable[[str], str], name: str) -> str:
    try:
        return against(name).removesuffix(".")
    except FAILURES as failure:
        # It can't be planned: a host that is needed for it can't be asked.
        return str(failure).removesuffix(".")
