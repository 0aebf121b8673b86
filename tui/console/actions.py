"""The one registry of what can be done: keys, help, palette and risk are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Risk(Enum):
    """What an action may do to the cluster, and so what it asks for."""

    LOOK = "looks"
    """Nothing: it only looks."""
    GUARDED = "asks y/n"
    """It changes something that can be taken back: a plan and a yes."""
    TRAFFIC = "asks for the name"
    """It moves traffic: a plan, and the target's name typed."""


class Scope(Enum):
    """Where a key is named at the bottom; it works everywhere, but those of a replay only there."""

    ANYWHERE = "everywhere"
    RUNS = "in the runs"
    REPLAY = "in a replay"


@dataclass(frozen=True, slots=True)
class Action:
    """`name` is Textual's action (the method action_NAME of the app), `key` as Textual names it."""

    name: str
    key: str
    shown: str
    """The key as a person reads it."""
    title: str
    risk: Risk = Risk.LOOK
    scope: Scope = Scope.ANYWHERE
    short: str = ""
    """For the line at the bottom; empty: not there."""


ACTIONS = (
    Action("view('overview')", "1", "1", "the overview: every layer, every node"),
    Action("view('layer')", "2", "2", "one layer in depth; left and right: the next one"),
    Action("view('node')", "3", "3", "one node across its layers; left and right: the next one"),
    Action("view('events')", "4", "4", "the events"),
    Action("view('runs')", "5", "5", "runs: what was done, what goes on, what it did to clients"),
    Action("view('gates')", "6", "6", "gates: what must be so before anything is taken out, and what is"),
    Action("filter", "slash", "/", "show only lines with a text; esc ends it", short="filter"),
    Action("copy", "y", "y", "copy the line as plain text"),
    Action("copy_all", "Y", "Y", "copy all of this screen as plain text"),
    Action("out", "escape", "esc", "back to where you were"),
    Action("command_palette", "colon", ":", "find any action by its name", short="actions"),
    Action("help", "question_mark", "?", "this help", short="help"),
    Action("light", "f2", "F2", "colours for a light terminal"),
    Action("dark", "f3", "F3", "colours for a dark terminal"),
    Action("unlock", "U", "U", "unlock: allow changes from this console for ten minutes", short="unlock"),
    Action("lock", "L", "L", "lock again"),
    Action(
        "switchover",
        "s",
        "s",
        "switch over: VIP, writer or resource, by hand",
        Risk.TRAFFIC,
        short="switch over",
    ),
    Action("drain", "d", "d", "drain: take a host out of service, in all its layers", Risk.TRAFFIC),
    Action("undrain", "u", "u", "undrain: put a drained host back into service", Risk.GUARDED),
    Action("restart", "R", "R", "restart: a layer's service, one host at a time", Risk.TRAFFIC),
    Action("rollout", "o", "o", "roll out: bring in what the inventory changes", Risk.TRAFFIC, short="roll out"),
    Action("recover", "C", "C", "recover: bring a cluster back after all of it was down", Risk.TRAFFIC),
    Action("pause", "p", "p", "pause: stop the rollout that runs, after its step", Risk.GUARDED, Scope.RUNS, "pause"),
    Action("resume", "r", "r", "resume: go on with the rollout that stopped", Risk.TRAFFIC, Scope.RUNS, "resume"),
    Action("abort", "a", "a", "abort: end the rollout that stopped, as it is", Risk.GUARDED, Scope.RUNS, "abort"),
    Action("play", "space", "space", "pause the replay, and go on", scope=Scope.REPLAY, short="pause"),
    Action("step", "full_stop", ".", "pause, and show what came next", scope=Scope.REPLAY, short="step"),
    Action("jump(-60)", "less_than_sign", "<", "a minute back", scope=Scope.REPLAY, short="back"),
    Action("jump(60)", "greater_than_sign", ">", "a minute on", scope=Scope.REPLAY, short="on"),
    Action("faster(1)", "plus", "+", "faster", scope=Scope.REPLAY, short="faster"),
    Action("faster(-1)", "minus", "-", "slower", scope=Scope.REPLAY),
    Action("leave", "q", "q", "quit; what runs goes on without the console", short="quit"),
)


def available(*, replay: bool, read_only: bool) -> Iterator[Action]:
    """Those that this console has: none that changes anything where it never may."""
    for action in ACTIONS:
        changes = action.risk is not Risk.LOOK or action.name in ("unlock", "lock")
        if changes and (read_only or replay):
            continue
        if action.scope is Scope.REPLAY and not replay:
            continue
        yield action
