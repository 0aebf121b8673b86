"""Whom and what keystone must know: its administrator, who watches it, and where clients find it.

Read first, made where missing, by its own API from one controller. Source: keystone-manage(1), bootstrap; OpenStack's
Identity API v3.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.openstack.keystone import ADMIN, NAME, WATCH
from cluster.state import Unknown
from operations.curl import Answer, Call, made
from operations.hosts import shell
from operations.keystone_made import manage, tables_of
from operations.procedure import Procedure
from operations.steps import FAILURES, Refused, Step

INTERFACES = ("public", "internal", "admin")
_BOOTSTRAP = 300
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What keystone is to know. `base` is its own address on the host that asks, such as http://192.0.2.100:5000/v3."""

    host: str
    base: str
    url: str
    """Where clients find it."""
    region: str
    admin: str = field(repr=False)
    """The administrator's password."""
    watch: str = field(repr=False)
    """The watch's."""
    nodes: Sequence[str] = ()
    """The hosts of its database."""


def login(user: str, password: str, project: str = "") -> str:
    """The question for a token, as JSON: without a project the token is good for nothing."""
    domain = {"id": "default"}
    who = {"user": {"name": user, "password": password, "domain": domain}}
    scope = {"scope": {"project": {"name": project, "domain": domain}}} if project else {}
    return json.dumps({"auth": {"identity": {"methods": ["password"], "password": who}, **scope}})


@operation()
def introduced(wanted: Introduction) -> Generator[PyinfraCommand, None, None]:
    """Make keystone know what it is to know."""
    try:
        left = _left(wanted)
    except FAILURES:
        # It may not run yet: asked again when its turn comes.
        left = None
    if left is None or left:
        yield Procedure("Keystone knows its administrator, its watch and its own address", partial(_left, wanted))


def _left(wanted: Introduction) -> list[Step]:
    steps = []
    admin = _ask(wanted, "auth/tokens", "POST", login(ADMIN, wanted.admin, ADMIN))
    if admin.status == 401:
        steps.append(_bootstrapped(wanted))
    elif admin.status != 201:
        raise Refused(f"{wanted.host}: keystone {_says(admin)} to its administrator's question for a token.")
    if admin.status != 201 or endpoints(admin.body, wanted.region) != dict.fromkeys(INTERFACES, wanted.url):
        steps.append(
            Step(f"Keystone's address is {wanted.url} in {wanted.region}", lambda: _address(wanted), lasting="it stays")
        )
    if _ask(wanted, "auth/tokens", "POST", login(WATCH, wanted.watch)).status != 201:
        known = f"Keystone knows the user {WATCH}, without a role"
        steps.append(Step(known, lambda: _watch(wanted), lasting="it stays"))
    return steps


def _bootstrapped(wanted: Introduction) -> Step:
    def another_password() -> str | None:
        tables = tables_of(wanted.nodes)
        if isinstance(tables, Unknown):
            return tables.reason
        if ADMIN not in tables.users:
            return None
        return (
            f"keystone knows the user {ADMIN}, with another password than the secret keystone_admin, or without the "
            f"project {ADMIN}: give the secret its value (docs/inventory.md), nothing was changed"
        )

    def act() -> None:
        words = manage(
            f"bootstrap --bootstrap-service-name keystone --bootstrap-region-id {wanted.region} "
            f"--bootstrap-username {ADMIN} --bootstrap-project-name {ADMIN} "
            + " ".join(f"--bootstrap-{interface}-url {wanted.url}" for interface in INTERFACES)
        )
        # Not in the command line, which everybody on the host can read.
        told = "IFS= read -r OS_BOOTSTRAP_PASSWORD; export OS_BOOTSTRAP_PASSWORD"
        shell(wanted.host, f"{told}; {words}", stdin=f"{wanted.admin}\n", timeout=_BOOTSTRAP, quiet=True)

    name = f"{wanted.host}: keystone's first user, {ADMIN}"
    return Step(name, act, precheck=another_password, lasting="it stays", on=wanted.host)


def endpoints(token: Any, region: str) -> dict[str, str]:
    """The URL of each of keystone's interfaces in a region, by the catalogue in the body of a token."""
    found = {}
    catalog = token.get("token", {}).get("catalog", []) if isinstance(token, dict) else []
    for service in catalog:
        for one in service["endpoints"] if service["type"] == "identity" else ():
            if one["region_id"] == region:
                found[one["interface"]] = one["url"]
    return found


def _address(wanted: Introduction) -> None:
    """Each interface where clients find it: what is there under another URL is changed, what is not there is made."""
    token = _token(wanted)
    (service, *_) = _done(wanted, token, "services?type=identity").body["services"] or [None]
    if service is None:
        body = {"service": {"type": "identity", "name": NAME}}
        service = _done(wanted, token, "services", "POST", body).body["service"]
    where = f"endpoints?service_id={service['id']}&region_id={wanted.region}"
    there = {one["interface"]: one for one in _done(wanted, token, where).body["endpoints"]}
    for interface in INTERFACES:
        if interface not in there:
            new = {"service_id": service["id"], "region_id": wanted.region, "interface": interface, "url": wanted.url}
            _done(wanted, token, "endpoints", "POST", {"endpoint": new})
        elif there[interface]["url"] != wanted.url:
            _done(wanted, token, f"endpoints/{there[interface]['id']}", "PATCH", {"endpoint": {"url": wanted.url}})


def _watch(wanted: Introduction) -> None:
    token = _token(wanted)
    users = _done(wanted, token, f"users?name={WATCH}&domain_id=default").body["users"]
    body: dict[str, object] = {"password": wanted.watch, "enabled": True}
    if users:
        _done(wanted, token, f"users/{users[0]['id']}", "PATCH", {"user": body})
    else:
        _done(wanted, token, "users", "POST", {"user": {"name": WATCH, "domain_id": "default", **body}})


def _token(wanted: Introduction) -> str:
    answer = _ask(wanted, "auth/tokens", "POST", login(ADMIN, wanted.admin, ADMIN))
    if answer.status != 201:
        raise Refused(f"{wanted.host}: keystone {_says(answer)} to its administrator's question for a token.")
    return answer.token


def _done(wanted: Introduction, token: str, path: str, method: str = "GET", body: object = None) -> Answer:
    answer = _ask(wanted, path, method, json.dumps(body) if body else "", [f"X-Auth-Token: {token}"])
    if not 200 <= answer.status < 300:
        raise Refused(f"{wanted.host}: keystone {_says(answer)} to {method} {path.partition('?')[0]}.")
    return answer


def _ask(wanted: Introduction, path: str, method: str, body: str, headers: Sequence[str] = ()) -> Answer:
    return made(wanted.host, Call(f"{wanted.base}/{path}", method, body, headers))


def _says(answer: Answer) -> str:
    return f"answers with HTTP {answer.status}" if answer.status else "does not answer"
