"""`hatui plan`: what a rollout would change, on which host, in which stages; nothing is changed by it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cluster.exits import CHANGES, SAME, UNTOLD, WRONG_CALL
from cluster.layers import DEPLOYED
from cluster.wire.lines import OtherVersion, begins
from cluster.wire.rollout import Rollout
from engine.start import own


def arguments(verb: argparse.ArgumentParser) -> None:
    """The verb's own arguments."""
    verb.add_argument("--layer", choices=DEPLOYED, help="default: all of them")
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="one line, everything in it")
    form.add_argument("--plain", dest="form", action="store_const", const="plain", help="lines with tabs, no diffs")
    verb.set_defaults(form="table")


def plan(inventory: Path, layer: str | None, form: str) -> int:
    """Print it as `form`: table, plain or json. SAME, CHANGES, or UNTOLD with a sentence on stderr.

    What the engine ends with for a wrong call, such as a bad inventory, is passed on.
    """
    command = own("engine", "plan", "--inventory", str(inventory))
    done = subprocess.run(
        [*command, *(["--layer", layer] if layer else [])], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()
        print(said or f"The engine ended with {done.returncode} and without a word.", file=sys.stderr)
        return done.returncode if done.returncode in WRONG_CALL else UNTOLD
    first, _, told = done.stdout.partition(b"\n")
    try:
        begins(first)
    except OtherVersion as other:
        print(other, file=sys.stderr)
        return UNTOLD
    found = msgspec.json.decode(told, type=Rollout)
    if form == "json":
        sys.stdout.write(told.decode())
    elif form == "plain":
        for line in plain(found):
            print(line)
    else:
        print_stages(found)
    return CHANGES if found.changes else SAME


def plain(found: Rollout) -> Iterator[str]:
    """Lines for grep and awk: a stage's name, host, and what changes on it, tabs between; then what would refuse it."""
    for stage in found.stages:
        for change in found.changes:
            if change.layer == stage.layer and (change.host in stage.hosts or (not change.host and stage.canary)):
                yield f"{stage.name}\t{change.host or '*'}\t{change.what}"
        yield from (f"{stage.name}\t*\t{effect}" for effect in stage.effects)
    if found.refused:
        yield f"refused\t*\t{found.refused}"


def print_stages(found: Rollout) -> None:
    """The stages, then every diff once, with the hosts that it is for; text from hosts is never taken for markup."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not found.changes:
        console.print(Text(f"{found.cluster}: nothing would change."))
    for number, stage in enumerate(found.stages, 1):
        console.print(Text.assemble(f"{number:2} ", (stage.name, "bold"), f"  {stage.why}" if stage.why else ""))
        for what in dict.fromkeys(stage.changes):
            console.print(Text(f"     {what}"))
        for effect in stage.effects:
            console.print(Text(f"     then {effect}", style="yellow"))
    for lines, hosts in _diffs(found).items():
        console.print(Text(f"\n{', '.join(hosts)}", style="bold"))
        for line in lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            console.print(Text(f"  {line}", style=style), soft_wrap=True)
    if found.refused:
        console.print(Text(f"\nA rollout would be refused now: {found.refused}", style="bold red"))


def _diffs(found: Rollout) -> dict[tuple[str, ...], list[str]]:
    """Each diff to the hosts that have it alike."""
    diffs: dict[tuple[str, ...], list[str]] = {}
    for change in found.changes:
        if change.diff:
            diffs.setdefault(change.diff, []).append(change.host)
    return diffs
