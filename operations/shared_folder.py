"""A folder that several hosts share: seen to be one, by what the first of them writes into it."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Generator, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.state import Unknown
from facts.base import FileText
from operations.hosts import look_all, shell
from operations.steps import Step

MARK = ".hatui-shared"
"""In the folder: the same text for all that share it."""
SEEN = 10
"""Seconds in which the others must see what the first wrote: a network file system may keep what it knew for some."""


@operation()
def shared(hosts: Sequence[str], folder: str, user: str) -> Generator[PyinfraCommand, None, None]:
    """The folder is there on all of `hosts`, is `user`'s, and is one and the same. Refused where it is not."""
    if _parted(hosts, folder):
        yield Step(
            f"{folder} is one folder of {', '.join(hosts)}",
            partial(_mark, hosts, folder, user),
            verify=lambda: _parted(hosts, folder),
            within=SEEN,
            stays=f"Mount one folder as {folder} on all of them, or name another one in the inventory.",
        )


def _mark(hosts: Sequence[str], folder: str, user: str) -> None:
    place, owner = shlex.quote(folder), shlex.quote(user)
    for name in hosts:
        shell(name, f"[ -d {place} ] || install -d -m 0750 -o {owner} -g {owner} -- {place}")
    mark = f"{place}/{MARK}"
    shell(hosts[0], f"printf '%s\\n' {secrets.token_hex(16)} >{mark}; chown {owner} {mark}; sync -f {mark}")


def _parted(hosts: Sequence[str], folder: str) -> str | None:
    """Why it can't be taken for one folder, or None: all see the same mark."""
    first, *others = hosts
    seen = look_all(hosts, FileText, path=f"{folder}/{MARK}")
    if unread := [name for name in hosts if isinstance(seen[name], Unknown)]:
        return f"{unread[0]}: {seen[unread[0]].reason}"
    if seen[first] is None:
        return f"nothing has been written into {folder} on {first} yet"
    blind = [name for name in others if seen[name] is None or seen[name].text != seen[first].text]
    see = "does" if len(blind) == 1 else "do"
    return f"{', '.join(blind)} {see} not see what {first} writes into {folder}" if blind else None
