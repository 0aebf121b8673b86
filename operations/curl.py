"""Calls of HTTP that a host makes, by curl(1). All that is secret is on its stdin, and no answer is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from operations.hosts import shell
from operations.steps import Refused

_TOLD = r"-w '\nHttp=%{http_code} %header{x-subject-token}'"


def curl_string(text: str) -> str:
    """`text` as curl's settings take it (curl(1), --config)."""
    if not text.isprintable():
        raise Refused("A password that curl is to be told holds a control character: change it.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Call:
    """A call with a body of JSON; `headers` are whole lines, `login` is user:password."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: Sequence[str] = ()
    login: str = ""

    @property
    def settings(self) -> str:
        """As curl reads them."""
        lines = [f"url = {curl_string(self.url)}", f"request = {curl_string(self.method)}"]
        if self.login:
            lines.append(f"user = {curl_string(self.login)}")
        if self.body:
            lines += [f"data = {curl_string(self.body)}", 'header = "content-type: application/json"']
        return "\n".join([*lines, *(f"header = {curl_string(line)}" for line in self.headers)])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call brought."""

    status: int
    """Of HTTP; 0: no answer."""
    body: Any
    """Of JSON; an empty dict where it is none."""
    token: str = ""
    """The header X-Subject-Token (OpenStack's Identity API v3)."""


def made(host: str, call: Call) -> Answer:
    """Have `host` make the call, in 15 s at most."""
    said = shell(
        host,
        f"curl -qsS -K - --connect-timeout 2 -m 15 {_TOLD} 2>&1; true",
        stdin=call.settings,
        timeout=20,
        quiet=True,
    )
    body, _, told = said.rpartition("\nHttp=")
    code, _, token = told.strip().partition(" ")
    try:
        found = json.loads(body) if body.strip() else {}
    except ValueError:
        found = {}
    return Answer(int(code) if code.isascii() and code.isdecimal() else 0, found, token)
