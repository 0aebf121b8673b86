"""Whom and what keystone must know: its administrator, who watches, each service's own user, and where clients find it.

Read first, by the question that each of them asks for a token; made where missing, by keystone's own API from one
controller. Source: keystone-manage(1), bootstrap; OpenStack's Identity API v3.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.openstack.keystone import ADMIN, INTERFACES, KEYSTONE
from cluster.state import Unknown
from facts.openstack_tables import KeystoneUsers
from operations.hosts import shell
from operations.identity import Administrator, Keystone, Login, says
from operations.openstack_tables import of_database, told
from operations.procedure import Procedure
from operations.steps import FAILURES, Refused, Step

_BOOTSTRAP = 300
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """A user that keystone is to know, and the service that it stands for, if it does."""

    keystone: Keystone
    admin: str = field(repr=False)
    """The administrator's password."""
    login: Login
    roles: Sequence[str]
    """In the login's project."""
    region: str = ""
    name: str = ""
    """Of the service; empty: it is no service's user."""
    kind: str = ""
    """In the catalogue."""
    url: str = ""
    """Where clients find it."""


@operation()
def known(wanted: Sequence[Known]) -> Generator[PyinfraCommand, None, None]:
    """Make keystone know these users, with their passwords and roles, and these services' addresses."""
    for one in wanted:
        yield from _unless_done(f"Keystone knows {one.login.user}", partial(_left, one))


@operation()
def introduced(
    keystone: Keystone, admin: str, region: str, url: str, nodes: Sequence[str]
) -> Generator[PyinfraCommand, None, None]:
    """Make keystone know its administrator, whose password is `admin`, and where clients find it: `url` in `region`.

    `nodes` are the hosts of its database.
    """
    left = partial(_introduction, keystone, admin, region, url, nodes)
    yield from _unless_done("Keystone knows its administrator and its own address", left)


def _unless_done(name: str, left: Callable[[], list[Step]]) -> Generator[PyinfraCommand, None, None]:
    try:
        if not left():
            return
    except FAILURES:
        # It may not run yet: asked again when its turn comes.
        pass
    yield Procedure(name, left)


def _introduction(keystone: Keystone, admin: str, region: str, url: str, nodes: Sequence[str]) -> list[Step]:
    answer = keystone.login(Login(ADMIN, admin, ADMIN))
    if answer.status not in (201, 401):
        raise Refused(f"{keystone.host}: keystone {says(answer)} to its administrator's question for a token.")
    urls = dict.fromkeys(INTERFACES, url)
    steps = [] if answer.status == 201 else [_bootstrapped(keystone, admin, region, url, nodes)]
    if answer.status != 201 or endpoints(answer.body, KEYSTONE.kind, region) != urls:
        steps.append(
            Step(
                f"Keystone's address is {url} in {region}",
                lambda: keystone.as_administrator(admin).endpoints(KEYSTONE.name, KEYSTONE.kind, region, urls),
                lasting="it stays",
            )
        )
    return steps


def _bootstrapped(keystone: Keystone, admin: str, region: str, url: str, nodes: Sequence[str]) -> Step:
    def another_password() -> str | None:
        users = of_database(nodes, KeystoneUsers)
        if isinstance(users, Unknown):
            return users.reason
        if ADMIN not in users:
            return None
        return (
            f"keystone knows the user {ADMIN}, with another password than the secret keystone_admin, or without the "
            f"project {ADMIN}: give the secret its value (docs/inventory.md), nothing was changed"
        )

    def act() -> None:
        words = told(
            KEYSTONE,
            f"bootstrap --bootstrap-service-name keystone --bootstrap-region-id {region} "
            f"--bootstrap-username {ADMIN} --bootstrap-project-name {ADMIN} "
            + " ".join(f"--bootstrap-{interface}-url {url}" for interface in INTERFACES),
        )
        # Not in the command line, which everybody on the host can read.
        read = "IFS= read -r OS_BOOTSTRAP_PASSWORD; export OS_BOOTSTRAP_PASSWORD"
        shell(keystone.host, f"{read}; {words}", stdin=f"{admin}\n", timeout=_BOOTSTRAP, quiet=True)

    name = f"{keystone.host}: keystone's first user, {ADMIN}"
    return Step(name, act, precheck=another_password, lasting="it stays", on=keystone.host)


def _left(wanted: Known) -> list[Step]:
    answer = wanted.keystone.login(wanted.login)
    if answer.status not in (201, 401):
        user = wanted.login.user
        raise Refused(f"{wanted.keystone.host}: keystone {says(answer)} to the question of {user} for a token.")
    steps = []
    if answer.status == 401 or not roles(answer.body) >= set(wanted.roles):
        login, named = wanted.login, " and ".join(wanted.roles)
        steps.append(
            Step(
                f"Keystone knows {login.user} by its secret, as {named} in the project {login.project}",
                lambda: _administrator(wanted).user(login.user, login.password, login.project, wanted.roles),
                lasting="it stays",
            )
        )
    urls = dict.fromkeys(INTERFACES, wanted.url)
    if wanted.name and (answer.status == 401 or endpoints(answer.body, wanted.kind, wanted.region) != urls):
        steps.append(
            Step(
                f"The address of {wanted.name} is {wanted.url} in {wanted.region}",
                lambda: _administrator(wanted).endpoints(wanted.name, wanted.kind, wanted.region, urls),
                lasting="it stays",
            )
        )
    return steps


def _administrator(wanted: Known) -> Administrator:
    return wanted.keystone.as_administrator(wanted.admin)


def _token(body: object) -> Mapping[str, Any]:
    found = body.get("token") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def roles(body: object) -> set[str]:
    """The names of the roles in the body of a token."""
    listed = _token(body).get("roles")
    return {str(one.get("name")) for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()


def endpoints(body: object, kind: str, region: str) -> dict[str, str]:
    """The URL of each interface that a service of that kind has in a region, by the catalogue in a token's body."""
    found: dict[str, str] = {}
    catalog = _token(body).get("catalog")
    for service in catalog if isinstance(catalog, list) else ():
        listed = service.get("endpoints") if isinstance(service, dict) and service.get("type") == kind else ()
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and one.get("region_id") == region:
                found[str(one.get("interface"))] = str(one.get("url"))
    return found
