"""The events of a run, as its journal has them: told before and after each step, read by who follows or looks back.

A journal outlives the program that wrote it, and other operators' machines read it. So its version stands in its first
event, `Begin`, which is the first line of every journal there ever was. What an event has that is not known here is
left out of it; one that lacks what its type needs is no event.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec

from cluster.outcome import Outcome
from cluster.wire.lines import VERSION
from cluster.wire.probes import ServiceReport

_LATEST = 1e11
"""Seconds since the epoch that a time may be: it is shown as a date (localtime(3))."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all events have in common. Whoever writes the journal puts the time in."""

    at: float = 0.0
    """When it was told, in seconds since the epoch."""


class Begin(Entry, frozen=True, kw_only=True, tag="begin"):
    """Who, why, what; the first line."""

    run: str
    runbook: str
    parameters: dict[str, str]
    title: str
    steps: tuple[str, ...]
    """Their names."""
    origin: str
    target: str
    who: str
    why: str
    pid: int = 0
    """0: no process of this machine."""
    finishes: tuple[str, ...] = ()
    """Former runs that died, which this one finishes."""
    hosts: tuple[str, ...] = ()
    """The host that each step changes; empty where it changes none, or the cluster as a whole."""
    version: int = 0
    """Of the wire; 0 in journals from before there were versions."""


class _OfStep(Entry, frozen=True):
    step: int
    """Its number, from 0."""
    name: str


class _Intended(_OfStep, frozen=True):
    host: str | None = None
    """The host that it changes; empty where it is about none, None in the journal of a former version."""
    layer: str = ""
    stage: str = ""
    """Of a rollout."""


class Intent(_Intended, frozen=True, tag="intent"):
    """A step is about to be taken: on the disk before its act."""


class UndoIntent(_Intended, frozen=True, tag="undo"):
    """A step is about to be taken back."""


class _Seen(_OfStep, frozen=True):
    ok: bool
    reason: str = ""
    """Why not, where it is not."""


class StepResult(_Seen, frozen=True, tag="result"):
    """How a step ended, or that its precheck was against it."""


class UndoResult(_Seen, frozen=True, tag="undone"):
    """How the taking back of a step ended."""


class Note(Entry, frozen=True, tag="note"):
    """What is to be shown besides, said on the way."""

    text: str


class Measured(Entry, frozen=True, tag="measured"):
    """What clients felt, by service."""

    services: dict[str, ServiceReport] = {}
    unmeasured: dict[str, str] = {}
    """Why a service was not measured."""


class End(Entry, frozen=True, tag="end"):
    """How it ended, why, and how its clients fared worse than planned (empty if they did not)."""

    outcome: Outcome
    reason: str
    clients: str = ""


Entries = Begin | Intent | UndoIntent | StepResult | UndoResult | Note | Measured | End
"""Every event there is."""
_DECODER: msgspec.json.Decoder[Entries] = msgspec.json.Decoder(Entries)


def entry(line: str) -> Entries | None:
    """The event of a line, also of a former version's; None if it is torn, or none."""
    with suppress(ValueError, RecursionError, msgspec.DecodeError):
        try:
            found = _DECODER.decode(line)
        except msgspec.ValidationError:
            return entry_of(json.loads(line))
        return found if 0 < found.at < _LATEST else None
    return None


def entry_of(said: Any) -> Entries | None:
    """The same of a line's plain data."""
    try:
        found: Entries = msgspec.convert(_of_now(said), Entries)
    except (msgspec.ValidationError, RecursionError):
        return None
    return found if 0 < found.at < _LATEST else None


def _of_now(said: Any) -> Any:
    """An event of version 0 as it would be today: a service that was not measured had the reason for its figures."""
    if not isinstance(said, dict) or not isinstance(said.get("services"), dict):
        return said
    why = {
        name: felt["reason"] for name, felt in said["services"].items() if isinstance(felt, dict) and felt.get("reason")
    }
    left = {name: felt for name, felt in said["services"].items() if name not in why}
    return {**said, "services": left, "unmeasured": {**said.get("unmeasured", {}), **why}} if why else said


def written_elsewhere(begin: Begin) -> str:
    """That a journal is of another version, as a sentence; empty if it is of this one."""
    if begin.version == VERSION:
        return ""
    theirs = f"in version {begin.version} of the wire" if begin.version else "before the wire had versions"
    return f"The journal was written {theirs}, this program reads version {VERSION}: what it does not know is left out."
