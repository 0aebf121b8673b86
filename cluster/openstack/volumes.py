"""Where cinder's volumes are, as the inventory says it, and the part of cinder that makes them there. Pure.

Source: cinder's "Configuration", volume drivers; cinder/cmd/volume.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cluster.layer import settings_of
from cluster.openstack.lone import Lone
from cluster.openstack.sections import Workers
from cluster.reading import Mistake, foreign, place, shown
from cluster.spec import Cluster

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_KEY = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_TAKEN = frozenset({"default", "backend_defaults", "database", "keystone_authtoken", "nova", "service_user", "sql"})
"""Sections of cinder.conf that are something else; so are those whose name begins with oslo_."""
_DRIVER = "volume_driver"
_SAYS_HOST = "backend_host"
_HIDDEN = re.compile(r"password|passphrase|_pass$|_token$|_secret$|api_key$", re.ASCII)
"""Keys of drivers whose value is a secret (`secret=True` in their options)."""
_SECRET = "secret:"  # noqa: S105 (the word before a secret's name)
_SECRET_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)

Backend = Mapping[str, str | int]
"""The keys of a section."""


@dataclass(frozen=True, slots=True)
class Cinder(Workers):
    """Cinder's section."""

    backends: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)
    """Where volumes are: each a section of cinder.conf. Empty: hatui has nothing to do with cinder-volume."""
    backend_host: str = "volumes"
    """As which host they are known to cinder, whichever controller serves them."""
    backend_packages: str = ""
    """Of Debian, which their drivers need, by commas."""


def of(spec: Cluster) -> Cinder:
    """What the inventory says."""
    return settings_of(spec, "cinder", Cinder)


def named_secret(value: str | int) -> str:
    """The name of the secret that a value of a backend stands for; empty where it stands for itself."""
    return value.removeprefix(_SECRET) if isinstance(value, str) and value.startswith(_SECRET) else ""


def secrets(spec: Cluster) -> tuple[str, ...]:
    """The names of all of these."""
    found = (named_secret(value) for backend in of(spec).backends.values() for value in backend.values())
    return tuple(dict.fromkeys(filter(None, found)))


def host_of(spec: Cluster, name: str) -> str:
    """As which host cinder knows the backend of that name, as `openstack volume service list` has it."""
    mine = of(spec)
    return f"{mine.backends[name].get(_SAYS_HOST, mine.backend_host)}@{name}"


def _packages(spec: Cluster) -> tuple[str, ...]:
    return ("cinder-volume", *_words(of(spec).backend_packages))


def _words(text: str) -> list[str]:
    return [word for one in text.split(",") if (word := one.strip())]


VOLUME = Lone(
    unit="cinder-volume.service",
    wanted=lambda spec: bool(of(spec).backends),
    packages=_packages,
    names=lambda spec: tuple(host_of(spec, name) for name in of(spec).backends),
)


def checks(spec: Cluster) -> Iterator[Mistake]:
    """What of the section it can't be made of."""
    mine = of(spec)
    if not _HOST.fullmatch(mine.backend_host):
        yield Mistake(
            "cinder.backend_host", f"is {shown(mine.backend_host)}: it must be 1 to 64 letters, digits, _ . : and -."
        )
    for word in _words(mine.backend_packages):
        if not _PACKAGE.fullmatch(word):
            yield Mistake(
                "cinder.backend_packages",
                f"has {shown(word)}: it must be names of Debian's packages, with commas between them.",
            )
    for name, backend in mine.backends.items():
        key = place("cinder", "backends", name)
        if not _NAME.fullmatch(name) or name.lower() in _TAKEN or name.lower().startswith("oslo_"):
            yield Mistake(
                key,
                "can't be the name of a backend: it must be 1 to 32 letters, digits, _ and -, and no other section of "
                "cinder.conf.",
                foreign(name),
            )
        if _DRIVER not in backend:
            yield Mistake(f"{key}.{_DRIVER}", "is missing: it must be given.")
        for option, value in backend.items():
            yield from _option(f"{key}.{place(option)}", option, value)


def _option(key: str, option: str, value: str | int) -> Iterator[Mistake]:
    if not _KEY.fullmatch(option):
        yield Mistake(key, "is no key of cinder.conf: it must be small letters, digits and _.", foreign(option))
    # What may be a secret is not shown.
    elif str(value).startswith(_SECRET) and not _SECRET_NAME.fullmatch(named_secret(value)):
        yield Mistake(key, "names no secret: it must be secret:NAME, of small letters, digits and _.")
    elif _HIDDEN.search(option) and not named_secret(value):
        yield Mistake(
            key, "is a secret, which an inventory never holds: give secret:NAME, and NAME's source under secrets."
        )
    elif isinstance(value, str) and (not value.isprintable() or value != value.strip() or not value):
        yield Mistake(key, "must be one line, without blanks at its ends.")
    elif option == _SAYS_HOST and not _HOST.fullmatch(str(value)):
        yield Mistake(key, f"is {shown(value)}: it must be 1 to 64 letters, digits, _ . : and -.")
