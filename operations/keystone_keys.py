"""Keystone's keys: made once, on one controller, and the same on all of them.

Source: keystone-manage(1); "Fernet - Frequently Asked Questions" of keystone's administrator guide.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.openstack.keystone import KEYS, KEYSTONE
from cluster.state import Unknown
from facts.keystone_keys import KeyFiles
from operations.hosts import look, look_all, shell
from operations.openstack_tables import told
from operations.procedure import Procedure
from operations.steps import Refused, Step, refused

OWNER = "--keystone-user keystone --keystone-group keystone"
"""Of the files that keystone-manage makes."""
MAKE = 300
"""Seconds that they may take to be made."""
_FOLDER = KEYS[0].rpartition("/")[0]
_NAMES = " ".join(folder.rpartition("/")[2] for folder in KEYS)

_TAKE_KEYS = f"""set -eu
umask 077
new=$(mktemp -d {_FOLDER}/.hatui-keys.XXXXXX)
trap 'rm -rf -- "$new"' EXIT
base64 -d | tar -C "$new" -xpf -
for folder in {_NAMES}; do
    mkdir -p -m 0700 {_FOLDER}/$folder
    chown keystone:keystone {_FOLDER}/$folder
    names=" $(ls -- "$new/$folder" | tr '\\n' ' ')"
    # Each new key before an old one goes: keystone reads them while it works.
    for name in $names; do mv -f -- "$new/$folder/$name" "{_FOLDER}/$folder/$name"; done
    for name in $(ls -- {_FOLDER}/$folder); do
        case "$names" in *" $name "*) ;; *) rm -f -- "{_FOLDER}/$folder/$name" ;; esac
    done
done
sync -f {_FOLDER}
"""


@operation()
def keys_shared(hosts: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Have the same keys on all of `hosts`: made on the first where none has any, else those that were rotated last."""
    try:
        left = keys_left(hosts)
    except Refused as refusal:
        yield refused("Keystone's keys", str(refusal))
        return
    if left:
        yield Procedure("Keystone's keys are the same on all controllers", partial(keys_left, hosts))


def keys_left(hosts: Sequence[str]) -> list[Step]:
    """The steps after which all of `hosts` have the same keys."""
    return sharing(keys_of(hosts))


def sharing(found: Mapping[str, Mapping[str, str]]) -> list[Step]:
    """The same, of hosts that have these keys (`keys_of`)."""
    source = newest(found)
    if source is None:
        first, *others = found
        return [_key_step(first), *(copied(first, name) for name in others)]
    return [copied(source, name) for name in found if found[name] != found[source]]


def keys_of(hosts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Each host's keys. Refused where one can't be asked."""
    found = look_all(hosts, KeyFiles)
    for name, keys in found.items():
        if isinstance(keys, Unknown):
            raise Refused(f"{name}: {keys.reason}. Tokens of others would not be valid there: bring it back first.")
    return found


def newest(found: Mapping[str, Mapping[str, str]]) -> str | None:
    """The host whose keys all are to have: those with the highest number, which a rotation made last. None: no keys.

    Refused where two hosts differ and neither is newer: then somebody must say which.
    """
    numbers = {name: max((_number(path) for path in keys), default=-1) for name, keys in found.items()}
    highest = max(numbers.values(), default=-1)
    if highest < 0:
        return None
    first, *others = [name for name, number in numbers.items() if number == highest]
    if differing := [name for name in others if found[name] != found[first]]:
        raise Refused(
            f"{first} and {', '.join(differing)} have different keys in {' and '.join(KEYS)}, and none are newer: "
            "take both folders away on those whose tokens are to be lost, and run this again."
        )
    return first


def _number(path: str) -> int:
    """Of a token's key: they are numbered, and a rotation makes the next number."""
    name = path.removeprefix(f"{KEYS[0]}/")
    return int(name) if name.isascii() and name.isdecimal() else -1


def _key_step(name: str) -> Step:
    return Step(
        f"{name}: make keystone's keys",
        lambda: _make(name),
        verify=lambda: None if look(name, KeyFiles) else f"{name} has no keys in {KEYS[0]}",
        lasting=f"{name} has keys",
        on=name,
    )


def _make(name: str) -> None:
    # Not as root: its log would be root's then, and keystone could not write it.
    folders = f"install -d -m 0700 -o keystone -g keystone {' '.join(KEYS)}"
    both = f"{told(KEYSTONE, f'fernet_setup {OWNER}')} && {told(KEYSTONE, f'credential_setup {OWNER}')}"
    shell(name, f"{folders}; {both}", timeout=MAKE)


def copied(source: str, name: str) -> Step:
    """The step after which `name` has the keys of `source`, read then."""

    def same() -> str | None:
        return None if look(name, KeyFiles) == look(source, KeyFiles) else f"{name} has other keys than {source}"

    return Step(
        f"{name}: the keys of {source}",
        lambda: _copy(source, name),
        verify=same,
        lasting=f"{name} has the keys of {source}",
        on=name,
    )


def _copy(source: str, name: str) -> None:
    keys = shell(source, f"tar -C {_FOLDER} -cf - {_NAMES} | base64", quiet=True)
    shell(name, _TAKE_KEYS, stdin=keys, quiet=True)
