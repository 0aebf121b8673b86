"""The help, made of the registry."""

from __future__ import annotations

from collections.abc import Iterable

from tui.console.actions import Action, Risk, Scope
from tui.console.lines import Line, Span, blank, heading

_RISKS = {
    Risk.LOOK: "Keys that look, and change nothing on any host",
    Risk.GUARDED: "Keys that change something that can be taken back: a plan, then y or n",
    Risk.TRAFFIC: "Keys that move traffic: a plan, then the target's name typed",
}
_FIRST = ("help", "leave")
_MOVING = (
    "arrows, h j k l, page up/down, home, end: move   tab: the next part",
    "enter: open   mouse: a click goes there, another opens it",
)


def keys(actions: Iterable[Action]) -> list[Line]:
    """Every key of this console, by what it may do."""
    listed = list(actions)
    lines: list[Line] = []
    for risk, title in _RISKS.items():
        found = [action for action in listed if action.risk is risk]
        if not found:
            continue
        lines.append(heading(title))
        if risk is Risk.LOOK:
            lines += [Line(((f"  {words}", ""),)) for words in _MOVING]
        for action in found:
            lines.append(Line(((f"  {action.shown:<6}", "accent"), (action.title, "")), action.key))
        lines.append(blank())
    signs = "●, ▲, ✖ and ? are OK, WARN, FAIL and UNKNOWN: what is not known is never shown as well."
    return [*lines, Line(((signs, "dim"),))]


def bar(actions: Iterable[Action], scopes: tuple[Scope, ...], width: int) -> Line:
    """The line at the bottom: the keys that matter here, as many as there is room for."""
    listed = list(actions)
    views = [action.shown for action in listed if action.name.startswith("view(")]
    # The way out and the help first, then what is of this screen alone.
    ranked = sorted(listed, key=lambda action: (action.name not in _FIRST, action.scope is Scope.ANYWHERE))
    named = [(action.shown, action.short) for action in ranked if action.short and action.scope in scopes]
    spans: list[Span] = []
    room = width
    for key, words in [(f"{views[0]}-{views[-1]}", "screens"), *named]:
        if (size := len(key) + len(words) + 3) > room:
            break
        spans += [(f" {key}", "accent"), (f" {words} ", "dim")]
        room -= size
    return Line(tuple(spans))
