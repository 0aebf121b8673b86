"""`hatui history`: what was done on this cluster from this machine, by whom, why, and how it ended."""

from __future__ import annotations

import json
import sys
import time
from itertools import islice

from cluster.exits import NO_INPUT
from cluster.outcome import Outcome
from engine.journal import Run, journal_path, read, runs
from tui.follow import died, event_line, follow, outcome_line


def history(cluster: str, count: int, *, as_json: bool) -> int:
    """The newest `count` runs, a line each."""
    for run in islice(runs(cluster), count):
        if as_json:
            said = {"run": run.id, "outcome": run.outcome or "RUNNING", "clients": run.clients, **run.begin}
            print(json.dumps(said, ensure_ascii=False))
        else:
            print(_line(run))
    return 0


def show(cluster: str, name: str, *, go_on: bool, as_json: bool) -> int:
    """One run whole. With `go_on`, until its end, and with its outcome's exit code."""
    path = journal_path(cluster, name)
    run = read(path)
    if run is None:
        print(f"There is no run {name} on {cluster}: `hatui history` lists them.", file=sys.stderr)
        return NO_INPUT
    if go_on:
        return follow(path)
    if as_json:
        for event in run.events:
            print(json.dumps(event, ensure_ascii=False))
        return 0
    begin = run.begin
    print(f"run      {run.id}\nwhat     {begin['title']}\nwho      {begin['who']}\nwhy      {begin['why'] or '-'}")
    if begin["origin"] or begin["target"]:
        print(f"from     {begin['origin'] or '-'}\nto       {begin['target'] or '-'}")
    before = begin["at"]
    for event in run.events[1:]:
        if line := event_line(event):
            at = time.strftime("%H:%M:%S", time.localtime(event["at"]))
            print(f"{at} {event['at'] - before:+7.2f} s {line}")
        before = event["at"]
    if run.end:
        print(outcome_line(run.end["outcome"], run.end["reason"], run.clients))
    else:
        print("RUNNING" if run.alive else outcome_line(Outcome.UNKNOWN, died(run)))
    return 0


def _outcome(run: Run) -> str:
    return f"{run.outcome}{', clients hit' if run.clients else ''}" if run.outcome else "RUNNING"


def _line(run: Run) -> str:
    begin = run.begin
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(begin["at"]))
    took = f"{run.events[-1]['at'] - begin['at']:.1f} s"
    return f"{run.id}  {when}  {_outcome(run):<14} {took:>8}  {begin['title']}  ({begin['who']}: {begin['why'] or '-'})"
