"""`hatui status`: what is so now, a table a layer, and an exit code like a monitoring plugin's."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from cluster.exits import WRONG_CALL
from cluster.health.verdict import HostHealth, LayerHealth, Verdict
from cluster.wire.observed import Snapshot, snapshot
from tui.engine import EngineError, Look
from tui.words import badge

STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red", Verdict.UNKNOWN: "bold magenta"}


def status(inventory: Path, form: str, timeout: float | None = None) -> int:
    """Look once and print it as `form`: table, plain or json. The verdict's exit code; 3 if there could be no look.

    What the engine ends with for a wrong call, such as a bad inventory, is passed on.
    """
    running = Look(inventory, timeout)
    if form == "table":
        # While the engine asks the hosts: rich takes a while to import.
        import rich.console
        import rich.table  # noqa: F401
    try:
        line = running.line()
    except EngineError as error:
        print(error, file=sys.stderr)
        return error.code if error.code in WRONG_CALL else Verdict.UNKNOWN.exit_code
    found = snapshot(line)
    if form == "json":
        sys.stdout.write(line.decode())
    elif form == "plain":
        print(plain(found))
    else:
        print_tables(found)
    return found.verdict.exit_code


def plain(found: Snapshot) -> str:
    """Lines for grep and awk: layer, host (or * for the whole layer), verdict and what is said, tabs between."""
    lines = [f"cluster\t{found.cluster}\t{found.verdict}\t{_when(found)}"]
    for layer in found.layers:
        lines.append(f"{layer.layer}\t*\t{layer.verdict}\t{layer.reason}")
        lines += [f"{layer.layer}\t{','.join(names)}\t{host.verdict}\t{host.shows}" for names, host in folded(layer)]
    return "\n".join(lines)


def print_tables(found: Snapshot) -> None:
    """A table a layer, as wide as the terminal; text from hosts is shown as it is, never as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def marked(verdict: Verdict) -> Text:
        return Text(badge(verdict), style=STYLES[verdict])

    console = Console(highlight=False)
    for layer in found.layers:
        title = Text.assemble((f"{layer.layer}  ", "bold"), marked(layer.verdict), "  ")
        if layer.verdict is Verdict.OK:
            title.append(layer.reason)
        console.print(title)
        table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        table.add_column(width=12, no_wrap=True)
        table.add_column(width=9, no_wrap=True)
        table.add_column()
        for finding in layer.findings:
            table.add_row(Text("  why"), marked(finding.verdict), Text(finding.reason))
        for names, host in folded(layer):
            # Of several that are silent the reasons above tell.
            if len(names) == 1:
                table.add_row(Text(f"  {host.host}"), marked(host.verdict), Text(host.shows))
        console.print(table)
    console.print(Text.assemble((f"{found.cluster}  ", "bold"), marked(found.verdict), f"  {_when(found)}"))


def folded(layer: LayerHealth) -> list[tuple[list[str], HostHealth]]:
    """The hosts of a layer, those together of which the same is unknown: their names, and what is said of them."""
    found: dict[tuple[str, str], tuple[list[str], HostHealth]] = {}
    for host in layer.hosts:
        one = ("", host.shows) if host.verdict is Verdict.UNKNOWN else (host.host, "")
        found.setdefault(one, ([], host))[0].append(host.host)
    return list(found.values())


def _when(found: Snapshot) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(found.at))
    return f"seen at {at}" if found.took is None else f"asked at {at}, took {found.took:.2f} s"
