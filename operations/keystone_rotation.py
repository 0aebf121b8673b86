"""Keystone's token keys rotated: a new one on one controller, then the same on all, and every token stays good.

With keystone's default of three keys a token outlives one rotation, not two: so the next one has to wait until those of
before the last one have ended. Source: keystone-manage(1), fernet_rotate; keystone's administrator guide, "Fernet".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.openstack.keystone import KEYSTONE, TOKEN_LIFE
from facts.keystone_keys import KeysAge
from operations.hosts import look, shell
from operations.keystone_keys import OWNER, copied, keys_of
from operations.openstack_tables import told
from operations.steps import Step

ROTATE = 120
"""Seconds that it may take."""


def rotated(found: Mapping[str, Mapping[str, str]]) -> list[Step]:
    """The steps, for hosts that have these keys, which must be the same on all."""
    first, *others = found
    return [_new(found, first), *(copied(first, name) for name in others)]


def _new(found: Mapping[str, Mapping[str, str]], name: str) -> Step:
    def changed() -> str | None:
        return None if keys_of([name])[name] != found[name] else f"{name} has the keys that it had"

    return Step(
        f"{name}: a new key for tokens",
        lambda: _rotate(name),
        precheck=lambda: too_soon(name) or _differing(list(found)),
        verify=changed,
        lasting=f"{name} has a new key, and `hatui rotate fernet` brings it to the others: they read its tokens anyway",
        on=name,
    )


def _rotate(name: str) -> None:
    shell(name, told(KEYSTONE, f"fernet_rotate {OWNER}"), timeout=ROTATE)


def too_soon(name: str) -> str | None:
    """Why tokens that are good would be lost by a rotation now, or None."""
    age = look(name, KeysAge)
    if age is None:
        return f"{name} has no keys for tokens: deploy keystone first"
    if age >= TOKEN_LIFE:
        return None
    return (
        f"the keys are {max(age, 0) // 60} minutes old, and tokens of before may be in use: a rotation now would end "
        f"them. Wait {-(-(TOKEN_LIFE - age) // 60)} minutes"
    )


def _differing(hosts: Sequence[str]) -> str | None:
    found = keys_of(hosts)
    others = [name for name in hosts if found[name] != found[hosts[0]]]
    have = "have" if len(others) > 1 else "has"
    return f"{', '.join(others)} {have} other keys than {hosts[0]}" if others else None
