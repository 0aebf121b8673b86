"""The events, the newest last."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tui.console.known import Numbered
from tui.console.lines import Line, fitted, safe, span, verdict


def events(numbered: Iterable[Numbered], *, named: bool = True) -> list[Line]:
    """A line an event; not `named`: without the layer, where all are of one."""
    lines = []
    for one in numbered:
        event = one.event
        at = time.strftime("%H:%M:%S", time.localtime(event.at))
        plain = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(event.at))}  {event.verdict}  "
        plain += f"{safe(event.layer, 40)}  {safe(event.host, 80) or '*'}  {safe(event.text)}"
        lines.append(
            Line(
                (
                    (f" {at}  ", "dim"),
                    fitted(verdict(event.verdict), 10),
                    fitted(span(event.layer, "strong"), 11) if named else ("", ""),
                    span(event.text),
                ),
                key=str(one.number),
                plain=plain,
                layer=safe(event.layer, 40),
                host=safe(event.host, 80),
            )
        )
    return lines
