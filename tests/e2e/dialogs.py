"""What a person types into the console's dialogs."""

from __future__ import annotations

from tests.e2e.terminal import Terminal


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
        screen.type(reason)
    screen.keys("Enter")
    screen.type(word)
    # To the button, and press it.
    screen.keys("Enter", "Enter")
    screen.until(lambda text: "Nothing has been changed" not in text, 10, "the plan is agreed to")


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
    """Begin a rollout of the balancers, with so many seconds of soak."""
    screen.keys("o")
    screen.wait("Roll out what the inventory changes")
    screen.type("haproxy")
    screen.keys("Enter", "Enter")
    screen.keys("C-u")
    screen.type(str(soak))
    screen.keys("Enter", "Enter")
    agreed(screen, "haproxy")
    screen.wait("▶ RUNNING", within=30)
