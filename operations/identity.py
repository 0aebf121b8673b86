"""Keystone's own API, asked and told from one controller: projects, users, roles, and the catalogue.

Source: OpenStack's Identity API v3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster.openstack.keystone import ADMIN
from operations.curl import Answer, Call, made
from operations.steps import Refused

DOMAIN = "default"
"""In which all of them are."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks for a token. Without a project the token is good for nothing."""

    user: str
    password: str = field(repr=False)
    project: str = ""

    @property
    def body(self) -> str:
        """The question, as JSON."""
        domain = {"id": DOMAIN}
        who = {"user": {"name": self.user, "password": self.password, "domain": domain}}
        scope = {"scope": {"project": {"name": self.project, "domain": domain}}} if self.project else {}
        return json.dumps({"auth": {"identity": {"methods": ["password"], "password": who}, **scope}})


@dataclass(frozen=True, slots=True)
class Keystone:
    """Where a host asks its keystone: `base` is such as http://192.0.2.100:5000/v3."""

    host: str
    base: str

    def login(self, who: Login) -> Answer:
        """What the question for a token brings."""
        return made(self.host, Call(f"{self.base}/auth/tokens", "POST", who.body))

    def token(self, who: Login) -> str:
        """A token. Refused where there is none."""
        answer = self.login(who)
        if answer.status != 201:
            raise Refused(f"{self.host}: keystone {says(answer)} to the question of {who.user} for a token.")
        return answer.token

    def as_administrator(self, password: str) -> Administrator:
        """With a token of the administrator's."""
        return Administrator(self, self.token(Login(ADMIN, password, ADMIN)))


def says(answer: Answer) -> str:
    """In words what came."""
    return f"answers with HTTP {answer.status}" if answer.status else "does not answer"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Makes what is missing; what is there is found by its name."""

    keystone: Keystone
    token: str = field(repr=False)

    def found(self, kind: str, **wanted: str) -> list[dict[str, Any]]:
        """What there is of a kind, such as "users", of these values. Refused where it can't be told."""
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        listed = self._done(f"{kind}?{query}").get(kind)
        if not isinstance(listed, list) or not all(isinstance(one, dict) and "id" in one for one in listed):
            raise Refused(f"{self.keystone.host}: keystone's list of {kind} can't be read.")
        return listed

    def had(self, kind: str, single: str, name: str, **more: str) -> str:
        """The id of what has that name, made where there is none."""
        there = self.found(kind, name=name, **more)
        return str(there[0]["id"]) if there else self.new(kind, single, {"name": name, **more})

    def new(self, kind: str, single: str, values: Mapping[str, object]) -> str:
        """Make one, and tell its id."""
        one = self._done(kind, "POST", {single: values}).get(single, {})
        return str(one.get("id", ""))

    def changed(self, kind: str, single: str, number: str, values: Mapping[str, object]) -> None:
        """Change what there is."""
        self._done(f"{kind}/{number}", "PATCH", {single: values})

    def user(self, name: str, password: str, project: str, roles: Sequence[str]) -> None:
        """A user with this password and these roles in this project. Others that it has stay."""
        place = self.had("projects", "project", project, domain_id=DOMAIN)
        there = self.found("users", name=name, domain_id=DOMAIN)
        values = {"password": password, "enabled": True}
        if there:
            user = str(there[0]["id"])
            self.changed("users", "user", user, values)
        else:
            user = self.new("users", "user", {"name": name, "domain_id": DOMAIN, **values})
        for role in roles:
            number = self.had("roles", "role", role)
            self._done(f"projects/{place}/users/{user}/roles/{number}", "PUT")

    def endpoints(self, name: str, kind: str, region: str, urls: Mapping[str, str]) -> None:
        """Each interface of a service where clients find it: made where missing, changed where it has another URL."""
        there = self.found("services", type=kind)
        service = str(there[0]["id"]) if there else self.new("services", "service", {"type": kind, "name": name})
        known = {one.get("interface"): one for one in self.found("endpoints", service_id=service, region_id=region)}
        for interface, url in urls.items():
            if interface not in known:
                new = {"service_id": service, "region_id": region, "interface": interface, "url": url}
                self.new("endpoints", "endpoint", new)
            elif known[interface].get("url") != url:
                self.changed("endpoints", "endpoint", known[interface]["id"], {"url": url})

    def _done(self, path: str, method: str = "GET", body: object = None) -> dict[str, Any]:
        call = Call(
            f"{self.keystone.base}/{path}",
            method,
            json.dumps(body) if body else "",
            [f"X-Auth-Token: {self.token}"],
        )
        answer = made(self.keystone.host, call)
        if not 200 <= answer.status < 300:
            where = path.partition("?")[0]
            raise Refused(f"{self.keystone.host}: keystone {says(answer)} to {method} {where}.")
        return answer.body if isinstance(answer.body, dict) else {}
