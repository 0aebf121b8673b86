"""When a key has had its effect: what it changes is there before the next key is looked at, busy as the machine may be.

Textual gives each widget its keys and messages in a queue of its own, and looks at the next key at once. So a key that
came right after another one went to what had the focus before that one moved it.
"""

from __future__ import annotations

import asyncio
import contextlib
from itertools import takewhile

from textual.app import App
from textual.dom import DOMNode
from textual.message_pump import MessagePump

LONGEST = 2.0
"""Seconds that a key is waited for at each place that it goes through: one that does not end holds up no other."""


async def had(node: DOMNode) -> None:
    """Wait until what has the focus, `node`, and all that it is in have done what they were told.

    First `node` takes the key, then it gets the message that it sends for it, which goes up from there.
    """
    places = takewhile(lambda one: not isinstance(one, App), node.ancestors_with_self)
    for place in (node, *places):
        await _done(place)


async def _done(place: MessagePump) -> None:
    done = asyncio.Event()
    # What is being closed takes nothing more.
    if place.call_later(done.set):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(done.wait(), LONGEST)
