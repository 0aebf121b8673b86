"""RabbitMQ's accounts, virtual hosts and policies: as wanted, seen and put right through the management API."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.rabbitmq.names import DEFINITIONS
from cluster.text import clean
from facts.rabbitmq import API
from operations.curl import Call, made
from operations.hosts import named, shell
from operations.steps import Refused, Step

HASHING = "rabbit_password_hashing_sha256"


@dataclass(frozen=True, slots=True)
class WantedUser:
    """An account, and what it may in each virtual host: patterns for configure, write, read."""

    name: str
    password: str = field(repr=False)
    tags: tuple[str, ...] = ()
    permissions: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)

    @property
    def password_hash(self) -> str:
        """Base64 of salt and SHA-256, as the broker keeps it ("Password Hashing in RabbitMQ").

        The salt follows from name and password, so that what is wanted can be compared with what is there.
        """
        salt = hashlib.sha256(f"{self.name}\0{self.password}".encode()).digest()[:4]
        return base64.b64encode(salt + hashlib.sha256(salt + self.password.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What hatui owns of the broker's definitions. Other accounts, hosts and policies are left alone."""

    users: tuple[WantedUser, ...]
    queue_types: Mapping[str, str]
    """Each virtual host, to the type of queues that a client declares without one."""
    policies: Mapping[str, Mapping[str, Any] | None]
    """In each of the virtual hosts: its pattern and definition, or None if it must not be there."""


def definitions(wanted: Wanted) -> dict[str, Any]:
    """All of it as the broker takes it at its start or by POST /api/definitions (RabbitMQ, "Definitions")."""
    return {
        "users": [
            {
                "name": user.name,
                "password_hash": user.password_hash,
                "hashing_algorithm": HASHING,
                "tags": list(user.tags),
            }
            for user in wanted.users
        ],
        "vhosts": [
            # 3.10 takes the type from here alone.
            {"name": name, "metadata": {"description": "", "tags": [], "default_queue_type": kind}}
            for name, kind in wanted.queue_types.items()
        ],
        "permissions": [
            {"user": user.name, "vhost": vhost, "configure": configure, "write": write, "read": read}
            for user in wanted.users
            for vhost, (configure, write, read) in user.permissions.items()
        ],
        "policies": [
            {"vhost": vhost, "name": name, **policy}
            for vhost in wanted.queue_types
            for name, policy in wanted.policies.items()
            if policy is not None
        ],
    }


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the management API; `body` may hold password hashes."""

    method: str
    path: str
    body: str = field(default="", repr=False)


def differences(seen: Mapping[str, Any], queue_types: Mapping[str, str], wanted: Wanted) -> list[tuple[str, Request]]:
    """What is left to do: a sentence without secrets, and the call for it.

    `seen` is the answer of GET /api/definitions; `queue_types` maps each virtual host that there is to its type.
    """
    left: list[tuple[str, Request]] = []
    ours = definitions(wanted)
    missing = []
    for kind, keys in _KEYS.items():
        there = {_key(entry, keys): entry for entry in seen.get(kind, [])}
        for entry in ours[kind]:
            if not _is_met(entry, there.get(_key(entry, keys)), besides="metadata"):
                missing.append(f"{kind.removesuffix('s')} {' of '.join(_key(entry, keys))}")
    if missing:
        body = json.dumps(ours)
        left.append((f"put right {', '.join(missing)}", Request("POST", "definitions", body)))
    for vhost, kind in wanted.queue_types.items():
        if vhost in queue_types and queue_types[vhost] != kind:
            # Only this call changes the type of a virtual host that is there already.
            body = json.dumps({"default_queue_type": kind, "defaultqueuetype": kind})
            left.append((f"queues of {vhost} are {kind} by default", Request("PUT", f"vhosts/{_quoted(vhost)}", body)))
    if any(user.get("name") == "guest" for user in seen.get("users", [])):
        left.append(("delete the account guest", Request("DELETE", "users/guest")))
    for entry in seen.get("policies", []):
        if entry["vhost"] in wanted.queue_types and wanted.policies.get(entry["name"], {}) is None:
            path = f"policies/{_quoted(entry['vhost'])}/{_quoted(entry['name'])}"
            left.append((f"delete the policy {entry['name']} of {entry['vhost']}", Request("DELETE", path)))
    limited = {user.name: user for user in wanted.users if "administrator" not in user.tags}
    for entry in seen.get("permissions", []):
        user = limited.get(entry["user"])
        if user is not None and entry["vhost"] not in user.permissions:
            path = f"permissions/{_quoted(entry['vhost'])}/{_quoted(entry['user'])}"
            left.append((f"{user.name} may nothing in {clean(entry['vhost'])}", Request("DELETE", path)))
    return left


_KEYS = {"users": ("name",), "vhosts": ("name",), "permissions": ("user", "vhost"), "policies": ("name", "vhost")}


def _key(entry: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(entry[key]) for key in keys)


def _is_met(wanted: Mapping[str, Any], seen: Mapping[str, Any] | None, besides: str) -> bool:
    return seen is not None and all(seen.get(key) == value for key, value in wanted.items() if key != besides)


def _quoted(part: str) -> str:
    return quote(part, safe="")


@operation()
def defined(hosts: Sequence[str], admin: WantedUser, wanted: Wanted) -> Generator[PyinfraCommand, None, None]:
    """Make accounts, virtual hosts and policies be as wanted, on the first of `hosts` whose broker answers.

    The others have the same definitions from it. None answers: a broker that starts reads them from its file.
    """
    for name in hosts:
        try:
            named(name)
            code, left = _left(name, admin, wanted)
        except Refused:
            continue
        if code == "401":
            yield Step(f"{name}: put right the accounts", lambda name=name: _import(name, admin, wanted))  # type: ignore[misc]
            return
        if code != "200":
            continue
        for sentence, request in left:
            yield Step(f"{name}: {sentence}", lambda name=name, request=request: _change(name, admin, request))  # type: ignore[misc]
        return


def _left(name: str, admin: WantedUser, wanted: Wanted) -> tuple[str, list[tuple[str, Request]]]:
    """What the API of `name` answers to the administrator, and what is left to do by it."""
    code, said = call(name, admin, Request("GET", "definitions"))
    if code != "200":
        return code, []
    vhosts = call(name, admin, Request("GET", "vhosts"))[1]
    types = {str(vhost["name"]): str(vhost.get("default_queue_type", "")) for vhost in vhosts}
    return code, differences(said, types, wanted)


def _import(name: str, admin: WantedUser, wanted: Wanted) -> None:
    """Without an administrator's account: by the program that needs none, and then the rest."""
    shell(name, f"rabbitmqctl -q import_definitions {DEFINITIONS}", timeout=60, quiet=True)
    code, left = _left(name, admin, wanted)
    if code != "200":
        raise Refused(f"{name}: its management API answers {code} to the administrator whose account was just made.")
    for _, request in left:
        _change(name, admin, request)


def _change(name: str, admin: WantedUser, request: Request) -> None:
    code, said = call(name, admin, request)
    if not code.startswith("2"):
        reason = clean(str(said.get("reason", "")) if isinstance(said, dict) else "")
        raise Refused(f"{name}: its management API answers {code} to {request.method} {request.path}. {reason}")


def call(name: str, account: WantedUser, request: Request) -> tuple[str, Any]:
    """Ask the management API of `name`: status code ("000": no answer) and what its JSON says."""
    login = f"{account.name}:{account.password}"
    answer = made(name, Call(f"{API}/{request.path}", request.method, request.body, login=login))
    return f"{answer.status:03d}", answer.body
