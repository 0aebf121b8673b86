"""What keystone is asked and told: its administrator, the services' users, and where clients find them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.openstack.keystone import INTERFACES, KEYSTONE
from cluster.state import Unknown
from cluster.validate import cluster_spec
from operations import identity, identity_known
from operations.curl import Answer, Call
from operations.identity import Administrator, Keystone, Login
from operations.identity_known import Known, endpoints, roles
from operations.steps import Refused
from tests.unit.inventories import inventory

SPEC = cluster_spec(inventory((("keystone",), {}), (("placement",), {})))
OWN = Keystone("ctl1", "http://127.8.0.31:5000/v3")
URL = KEYSTONE.url(SPEC)
ALL = dict.fromkeys(INTERFACES, URL)


class Api:
    """Keystone's own API, as far as it is asked here; `changes` is what was changed in it.

    `status` is what the question for a token brings, by the user's name; `urls` are the addresses of the `kind`.
    """

    def __init__(
        self, kind: str = "identity", urls: dict[str, str] | None = None, roles: tuple[str, ...] = (), **status: int
    ) -> None:
        self.kind, self.urls, self.roles, self.status = kind, urls or {}, roles, status
        self.users: list[dict[str, str]] = []
        self.changes: list[str] = []

    def made(self, host: str, call: Call) -> Answer:
        path = call.url.partition("/v3/")[2]
        assert host == "ctl1" and call.url.startswith(OWN.base)
        if path == "auth/tokens":
            return self._token(json.loads(call.body)["auth"])
        assert call.headers == ["X-Auth-Token: t"]
        if call.method != "GET":
            self.changes.append(f"{call.method} {path} {call.body}".strip())
            return Answer(201, {name: {"id": f"new-{name}"} for name in ("service", "user", "project", "role")})
        listed: dict[str, Any] = {
            "services": [{"id": "s"}],
            "users": self.users,
            "projects": [],
            "roles": [{"id": "r"}],
        }
        listed["endpoints"] = [{"id": name, "interface": name, "url": told} for name, told in self.urls.items()]
        return Answer(200, listed)

    def _token(self, auth: dict[str, Any]) -> Answer:
        there = [{"region_id": "RegionOne", "interface": name, "url": told} for name, told in self.urls.items()]
        others = [{"region_id": "Two", "interface": "public", "url": "http://two"}]
        catalog = [{"type": "other", "endpoints": []}, {"type": self.kind, "endpoints": [*there, *others]}]
        body = {"token": {"catalog": catalog, "roles": [{"name": name} for name in self.roles]}}
        return Answer(self.status.get(auth["identity"]["password"]["user"]["name"], 201), body, "t")


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(found: Api) -> Api:
        monkeypatch.setattr(identity, "made", found.made)
        return found

    return use


def introduction() -> list[Any]:
    return identity_known._introduction(OWN, "admin's", "RegionOne", URL, ["db1"])


PLACED = Known(
    OWN,
    "admin's",
    Login("placement", "placement's", "service"),
    ("service",),
    "RegionOne",
    "placement",
    "placement",
    "http://127.8.0.10:8778",
)


def test_where_it_knows_all_nothing_is_left(api: Any) -> None:
    api(Api(urls=ALL))
    assert introduction() == []
    api(Api("placement", dict.fromkeys(INTERFACES, PLACED.url), ("service", "admin")))
    assert identity_known._left(PLACED) == []


def test_a_new_one_gets_its_administrator_and_its_address(api: Any) -> None:
    api(Api(admin=401))
    assert [step.name for step in introduction()] == [
        "ctl1: keystone's first user, admin",
        "Keystone's address is http://127.8.0.10:5000/v3 in RegionOne",
    ]


def test_one_that_can_not_tell_is_not_begun_anew(api: Any) -> None:
    for status in (0, 500, 503):
        api(Api(admin=status, placement=status))
        with pytest.raises(Refused, match="question for a token"):
            introduction()
        with pytest.raises(Refused, match="question of placement for a token"):
            identity_known._left(PLACED)


def test_an_administrator_with_another_password_is_left_alone(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api(Api(admin=401))
    first = introduction()[0]
    for users, said in (
        (frozenset({"admin"}), "another password than the secret keystone_admin"),
        (Unknown("no node of db1 is Synced."), "no node of db1 is Synced."),
    ):
        monkeypatch.setattr(identity_known, "of_database", lambda *_, users=users: users)
        assert said in (first.precheck() or "")
    monkeypatch.setattr(identity_known, "of_database", lambda *_: frozenset())
    assert first.precheck() is None


def test_an_address_that_changed_is_put_right_where_it_stands(api: Any) -> None:
    found = api(Api(urls={"public": "http://old", "internal": URL}))
    for step in introduction():
        step.act()
    changed, added = found.changes
    assert changed == f'PATCH endpoints/public {{"endpoint": {{"url": "{URL}"}}}}'
    assert added.startswith("POST endpoints ") and '"interface": "admin"' in added


def test_a_service_gets_its_user_its_role_and_its_address(api: Any) -> None:
    found = api(Api("placement", placement=401))
    steps = identity_known._left(PLACED)
    assert [step.name for step in steps] == [
        "Keystone knows placement by its secret, as service in the project service",
        "The address of placement is http://127.8.0.10:8778 in RegionOne",
    ]
    for step in steps:
        step.act()
    project, user, role, *added = found.changes
    assert project.startswith("POST projects ") and user.startswith("POST users ") and "placement's" in user
    assert role == "PUT projects/new-project/users/new-user/roles/r"
    assert [one.split()[0:2] for one in added] == [["POST", "endpoints"]] * 3


def test_a_user_that_is_there_gets_the_password_and_what_is_missing_of_its_roles(api: Any) -> None:
    found = api(Api("placement", dict.fromkeys(INTERFACES, PLACED.url), placement=201))
    found.users = [{"id": "u"}]
    (step,) = identity_known._left(PLACED)
    step.act()
    assert [one.split(" ", 2)[:2] for one in found.changes] == [
        ["POST", "projects"],
        ["PATCH", "users/u"],
        ["PUT", "projects/new-project/users/u/roles/r"],
    ]


def test_a_list_that_can_not_be_read_is_no_empty_list(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[Any] = [{}, {"users": {}}, {"users": [{}]}, [], None]
    for body in bodies:
        monkeypatch.setattr(identity, "made", lambda *_, body=body: Answer(200, body, "t"))
        with pytest.raises(Refused, match="list of users can't be read"):
            Administrator(OWN, "t").found("users", name="y")


def test_a_token_without_a_project_has_no_scope() -> None:
    assert "scope" not in json.loads(Login("hatui_watch", "x").body)["auth"]
    assert json.loads(Login("admin", "x", "admin").body)["auth"]["scope"]["project"]["name"] == "admin"


@pytest.mark.parametrize("body", [None, {}, [], {"token": 1}, {"token": {"catalog": {}, "roles": 1}}])
def test_what_is_no_token_tells_nothing(body: Any) -> None:
    assert endpoints(body, "identity", "RegionOne") == {} and roles(body) == set()
    for odd in ([1], [{"type": "identity", "endpoints": 1}], [{"type": "identity", "endpoints": [1, {}]}]):
        assert endpoints({"token": {"catalog": odd}}, "identity", "RegionOne") == {}
