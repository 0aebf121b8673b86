"""What the roles of text look like, in a dark and in a light terminal."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

from tui.console.lines import Role

DARK = Theme(
    name="hatui-dark",
    primary="#5fafff",
    secondary="#87afd7",
    success="#5fd75f",
    warning="#ffaf00",
    error="#ff5f5f",
    accent="#5fd7ff",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
)
LIGHT = Theme(
    name="hatui-light",
    primary="#005faf",
    secondary="#4e6a85",
    success="#00701a",
    warning="#8a5a00",
    error="#b00020",
    accent="#006a80",
    foreground="#1c1c1c",
    background="#fafafa",
    surface="#f0f0f0",
    panel="#e4e4e4",
    dark=False,
)
_COLOURS: dict[bool, dict[Role, str]] = {
    True: {
        "ok": "#5fd75f",
        "warn": "bold #ffaf00",
        "fail": "bold #ff5f5f",
        "unknown": "bold #d787ff",
        "dim": "#8a8a8a",
        "head": "bold #5fafff",
        "accent": "bold #5fd7ff",
    },
    False: {
        "ok": "#00701a",
        "warn": "bold #8a5a00",
        "fail": "bold #b00020",
        "unknown": "bold #7a2f9e",
        "dim": "#5f5f5f",
        "head": "bold #005faf",
        "accent": "bold #006a80",
    },
}
"""Each at a contrast of 4.5 and more against its background."""
_WITHOUT: dict[bool, dict[Role, Style]] = {
    dark: {role: Style.parse(style) for role, style in colours.items()} | {"": Style(), "strong": Style(bold=True)}
    for dark, colours in _COLOURS.items()
}


def style(role: Role, *, dark: bool) -> Style:
    """The role's style, without a background."""
    return _WITHOUT[dark][role]
