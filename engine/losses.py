"""What a person reads before a recovery is forced: what is lost by it, and which hosts must be off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def told(losses: Iterable[str], unread: Sequence[str], what: str = "it") -> str:
    """Lines for a plan's evidence. `unread`: hosts that can't be asked; `what` of theirs may serve for all that."""
    shown = "\n".join(f"  - {loss}" for loss in losses) or "  nothing that is known of"
    off = (
        f"\nSee to it that {', '.join(unread)} is off: if {what} serves, there will be two clusters." if unread else ""
    )
    return f"Lost:\n{shown}{off}"
