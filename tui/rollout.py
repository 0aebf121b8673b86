"""`hatui rollout`: which runbook its arguments stand for."""

from __future__ import annotations

import argparse

from cluster.layers import DEPLOYED
from engine.known_runs import ask_to_stop
from engine.rollouts import ABORT, ROLLOUT, Open, open_rollout, running
from tui.follow import follow

_NONE = "No rollout goes on: `hatui history` lists the last ones."


class NotOpen(Exception):
    """There is no rollout to go on with; the text says so, and what to do instead."""


def arguments(verb: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    verb.add_argument("--layer", choices=DEPLOYED, help="default: all of them")
    verb.add_argument("--canary", metavar="HOST", help="goes first; default: a host that carries no traffic")
    verb.add_argument("--soak", metavar="60s", help="how long the cluster must bear a canary; default: 60s")
    verb.add_argument(
        "--pause-after", metavar="STAGE", help="stop after it: canary, a layer, or a stage such as galera/mysql2"
    )
    former = verb.add_mutually_exclusive_group()
    former.add_argument("--resume", action="store_true", help="go on with the rollout that stopped")
    former.add_argument(
        "--pause", action="store_true", help="have the rollout that goes on stop after its step; follows it until then"
    )
    former.add_argument("--abort", action="store_true", help="end the rollout that stopped; says what that leaves")


def asked(options: argparse.Namespace, cluster: str) -> tuple[str, dict[str, str], str]:
    """The runbook, its parameters, and the reason, for a rollout on the cluster of that name. NotOpen if there is none.

    What is resumed is what was asked for then, but for what is asked for anew; its canary has been.
    """
    given = {
        key: value for key in ("layer", "canary", "soak", "pause_after") if (value := getattr(options, key)) is not None
    }
    if options.abort:
        return ABORT, {}, options.reason
    if not options.resume:
        return ROLLOUT, given, options.reason
    former = open_rollout(cluster)
    if former is None:
        raise NotOpen("There is no rollout that stopped: `hatui plan` says what a new one would do.")
    return ROLLOUT, {**kept(former), **given}, options.reason or former.why


def pause(cluster: str) -> int:
    """Ask the rollout that goes on to stop, and follow it until it has: its exit code. NotOpen if none goes on."""
    run = running(cluster)
    if run is None or run.path is None:
        raise NotOpen(_NONE)
    if why_not := ask_to_stop(run):
        raise NotOpen(f"The rollout {run.id} was not asked to stop. {why_not}")
    first = (
        f"It finishes this step first, unless it only waits: {run.last_step}" if run.last_step else "No step had begun"
    )
    print(f"Run {run.id} was asked to stop. {first}.")
    return follow(run.path, told=len(run.events))


def kept(former: Open) -> dict[str, str]:
    """What a rollout that goes on was asked for before."""
    return {key: value for key, value in former.parameters.items() if key in ("layer", "soak")}
