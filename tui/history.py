"""`hatui history`: what was done on this cluster, from any operator's machine, by whom, why, and how it ended."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import islice

import msgspec

from cluster.exits import NO_INPUT
from cluster.outcome import Outcome
from cluster.spec import Cluster
from cluster.wire.journal import written_elsewhere
from engine.known_runs import Run, known, runs
from engine.team import gather
from tui.follow import died, event_line, follow, outcome_line

AGAIN = 1.0
"""Seconds after which the hosts are asked again for a run of another machine that is followed."""


def history(cluster: Cluster, count: int, *, as_json: bool) -> int:
    """The newest `count` runs, a line each."""
    _gathered(cluster)
    for run in islice(runs(cluster.name), count):
        if as_json:
            said = {"run": run.id, "outcome": run.outcome or "RUNNING", "clients": run.clients}
            print(json.dumps({**said, **msgspec.to_builtins(run.begin)}, ensure_ascii=False))
        else:
            print(_line(run))
    return 0


def show(cluster: Cluster, name: str, *, go_on: bool, as_json: bool) -> int:
    """One run whole. With `go_on`, until its end, and with its outcome's exit code."""
    run = known(cluster.name, name)
    # What this machine knows to its end, no host knows better.
    if run is None or not run.end:
        _gathered(cluster)
        run = known(cluster.name, name)
    if run is None or run.path is None:
        print(f"There is no run {name} on {cluster.name}: `hatui history` lists them.", file=sys.stderr)
        return NO_INPUT
    if go_on:
        return follow(run.path, renew=_renewing(cluster) if run.theirs else lambda: None)
    if as_json:
        for event in run.events:
            print(json.dumps(msgspec.to_builtins(event), ensure_ascii=False))
        return 0
    begin = run.begin
    print(f"run      {run.id}\nwhat     {begin.title}\nwho      {begin.who}\nwhy      {begin.why or '-'}")
    if begin.origin or begin.target:
        print(f"from     {begin.origin or '-'}\nto       {begin.target or '-'}")
    if other := written_elsewhere(begin):
        print(f"note     {other}")
    before = begin.at
    for event in run.after:
        if line := event_line(event):
            at = time.strftime("%H:%M:%S", time.localtime(event.at))
            print(f"{at} {event.at - before:+7.2f} s {line}")
        before = event.at
    if run.end:
        print(outcome_line(run.end.outcome, run.end.reason, run.clients))
    else:
        print("RUNNING" if run.alive else outcome_line(Outcome.UNKNOWN, died(run)))
    return 0


def _gathered(cluster: Cluster) -> None:
    """Ask the hosts what other machines did; who could not be asked is said on stderr."""
    if said := str(gather(cluster)):
        print(said, file=sys.stderr)


def _renewing(cluster: Cluster) -> Callable[[], None]:
    """Asks the hosts again, when it is called so long after it was asked last."""
    asked = time.monotonic()

    def renew() -> None:
        nonlocal asked
        if time.monotonic() - asked > AGAIN:
            gather(cluster)
            asked = time.monotonic()

    return renew


def _outcome(run: Run) -> str:
    return f"{run.outcome}{', clients hit' if run.clients else ''}" if run.outcome else "RUNNING"


def _line(run: Run) -> str:
    begin = run.begin
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begin.at))
    took = f"{run.events[-1].at - begin.at:.1f} s"
    return f"{run.id}  {when}  {_outcome(run):<14} {took:>8}  {begin.title}  ({begin.who}: {begin.why or '-'})"
