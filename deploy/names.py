"""/etc/hosts belongs to the host: hatui has one marked block in it, and leaves every other line as it is."""

from __future__ import annotations

from collections.abc import Mapping

BEGIN = "# BEGIN hatui: the cluster's hosts. The rest of this file is the host's own.\n"
END = "# END hatui\n"
_WHOLE = "# Managed by hatui.\n"
"""The first line of the files that were written whole, once."""
_LOCAL = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"


def hosts_file(text: str, hosts: Mapping[str, str]) -> str:
    """`text`, with hatui's block of names (`hosts`: name to address) before all else: the first line of a name wins."""
    rest = _rest(text, hosts)
    local = "" if any("localhost" in names for _, names in _entries(rest)) else _LOCAL
    return f"{BEGIN}{local}{''.join(f'{address} {name}{chr(10)}' for name, address in hosts.items())}{END}{rest}"


def others(text: str, hosts: Mapping[str, str]) -> list[str]:
    """What the host's own lines say else of the cluster's names, such as "127.0.1.1 cc01"."""
    return [
        f"{address} {name}"
        for address, names in _entries(_rest(text, hosts))
        for name in names
        if name in hosts and address != hosts[name]
    ]


def _rest(text: str, hosts: Mapping[str, str]) -> str:
    """`text` without what is hatui's."""
    before, begin, after = text.partition(BEGIN)
    ours, end, rest = after.partition(END)
    if end:
        return before + rest
    # Written whole by a former hatui, or a block whose end was lost: only lines that can be no one else's are ours.
    lines = (before.removeprefix(_WHOLE) + ours).splitlines(keepends=True)
    if not begin and before == before.removeprefix(_WHOLE):
        return text
    return "".join(line for line in lines if not (len(words := line.split()) == 2 and words[1] in hosts))


def _entries(text: str) -> list[tuple[str, list[str]]]:
    """Address and names of each line (hosts(5))."""
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return [(words[0], words[1:]) for words in lines if words]
