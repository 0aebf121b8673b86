"""What a person types into the console's dialogs."""

from __future__ import annotations

import time

from tests.e2e.terminal import Terminal
from tests.pace import Limit, stretched


def unlocked(screen: Terminal) -> None:
    screen.wait("LOCKED", "VIP .47", "age", within=15)
    screen.keys("U")
    screen.wait("Unlock this console?")
    screen.keys("y")
    screen.wait("UNLOCKED")


def ended_done(screen: Terminal, *parts: str, within: float) -> None:
    """The run on the screen is DONE, and these can be read; amber where its clients felt more than was planned."""

    def there(text: str) -> bool:
        return ("● DONE" in text or "▲ DONE" in text) and all(part in text for part in parts)

    screen.until(there, within, "the run is DONE")


def agreed(screen: Terminal, word: str, reason: str = "a test") -> None:
    """To a plan that moves traffic: give a reason (nothing, where one is there already), type the name, and go."""
    screen.wait("Nothing has been changed", within=60)
    screen.keys("Tab", "Tab")
    if reason:
        _fill(screen, 0, reason)
    screen.keys("Enter")
    _fill(screen, 1, word)
    screen.keys("Enter")
    # The button has the focus by now, or on a busy machine a little later.
    screen.insist("Enter", lambda: not screen.shows("Nothing has been changed"))


def _fill(screen: Terminal, field: int, text: str) -> None:
    """Type into the first or the second field below the buttons.

    Where the focus is not there, on a busy machine, go on to the next place and type again, as a person does.
    """

    def there() -> bool:
        lines = screen.text().splitlines()
        buttons = next(number for number, line in enumerate(lines) if "Cancel (esc)" in line)
        return lines[buttons + 1 + field].strip("│ ▁█▔▃▇").strip() == text

    for _ in range(12):
        time.sleep(stretched(0.1))
        screen.type(text)
        limit = Limit(1)
        while not limit.is_over():
            if there():
                return
            time.sleep(0.03)
        screen.keys("C-u", "Tab")
    raise AssertionError(f"{text} is not in its field:\n{screen.text()}")


def chosen(screen: Terminal, name: str) -> None:
    """Wait until a candidate is offered, go down to it, and take it."""
    offered: list[str] = []

    def there(text: str) -> bool:
        # What is behind the dialog may look the same.
        offered[:] = [line for line in text.splitlines() if "│" in line and ("● " in line or "✖ " in line)]
        return any(f"● {name} " in line for line in offered)

    screen.until(there, 30, f"{name} is offered")
    screen.keys("Home")
    for line in offered:
        if f"● {name} " in line:
            break
        screen.keys("Down")
    screen.keys("Enter")


def rolled_out(screen: Terminal, *, soak: int) -> None:
    """Begin a rollout of the database, with so many seconds of soak."""
    screen.keys("o")
    screen.wait("Roll out what the inventory changes")
    screen.type("galera")
    screen.keys("Enter", "Enter")
    screen.keys("C-u")
    screen.type(str(soak))
    screen.keys("Enter", "Enter")
    agreed(screen, "galera")
    screen.wait("▶ RUNNING", within=30)
