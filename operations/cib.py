"""A change of Pacemaker's configuration, as one: tried by its own scheduler first, and written whole or not at all.

Source: cibadmin(8), crm_simulate(8), crm_diff(8).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from cluster.pacemaker.names import cloned
from cluster.pacemaker.simulated import Action, amiss
from facts.crm_simulate import parse_simulated
from facts.pacemaker import ids_of
from operations.hosts import shell
from operations.steps import Refused

_TIMEOUT = 90
"""Seconds: the programs take a second, on a host that is not busy."""


@dataclass(frozen=True, slots=True)
class CibChange:
    """What is to be there, and what is not."""

    wanted: str
    """A `configuration` element with every element that must be there, as XML; empty for none."""
    gone: Sequence[str] = ()
    """The ids of those that must not be."""

    @property
    def own(self) -> set[str]:
        """The ids that it names, and those of what goes with them."""
        return {*(ids_of(self.wanted) if self.wanted else ()), *self.gone, *map(cloned, self.gone)}


def tried(host: str, change: CibChange) -> tuple[Action, ...]:
    """What Pacemaker would do, by its own scheduler. Refused where it would touch anything else, or take it at all.

    Nothing is changed by it. What Pacemaker is about to do anyway is not told.
    """
    said = shell(
        host,
        f"{_changed(change)}; crm_simulate -S -x $d/now --output-as=xml; echo; echo Changed=; "
        "crm_simulate -S -x $d/new --output-as=xml",
        stdin=change.wanted,
        timeout=_TIMEOUT,
    )
    now, _, then = said.partition("\nChanged=\n")
    try:
        anyway, all_of_them = parse_simulated(now), parse_simulated(then)
    except ValueError as error:
        raise Refused(f"{host}: Pacemaker's scheduler can't try the new configuration: {error}.") from error
    actions = tuple(action for action in all_of_them if action not in anyway)
    if reason := amiss(actions, change.own):
        raise Refused(f"Pacemaker's configuration stays as it is: {reason}.")
    return actions


def written(host: str, change: CibChange) -> None:
    """Write it, in one request to the cluster."""
    # crm_diff ends with 1 where there is a difference.
    patched = (
        "crm_diff --original $d/now --new $d/new --no-version >$d/patch || [ $? -eq 1 ]; "
        "[ ! -s $d/patch ] || cibadmin --patch --sync-call --xml-file $d/patch"
    )
    shell(host, f"{_changed(change)}; {patched}", stdin=change.wanted, timeout=_TIMEOUT)


def _changed(change: CibChange) -> str:
    """Shell: puts the configuration as it is into $d/now, and as it is to be into $d/new."""
    lines = ["set -eu", "d=$(mktemp -d)", "trap 'rm -rf \"$d\"' EXIT", "cibadmin -Q >$d/now", "cp $d/now $d/new"]
    if change.wanted:
        lines += ["cat >$d/wanted", _told("--modify --allow-create --scope configuration --xml-file $d/wanted")]
    for one in change.gone:
        lines.append(_told(f"--delete --force --xpath {shlex.quote(f'//*[@id={one!r}]')}"))
    return "; ".join(lines)


def _told(words: str) -> str:
    return f"CIB_file=$d/new cibadmin {words} >/dev/null"
