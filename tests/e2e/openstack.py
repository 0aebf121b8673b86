"""OpenStack as its clients have it: calls of HTTP through the VIP, and Debian's own client on a controller."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from urllib.error import HTTPError

from operations.identity import Login
from tests.e2e import lab
from tests.e2e.load import Load

VIP = f"http://{lab.VIP}:5000"
CLIENT = """set -a
. /dev/stdin
OS_AUTH_URL={url}/v3 OS_USERNAME=admin OS_PROJECT_NAME=admin OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default
OS_IDENTITY_API_VERSION=3 OS_COMPUTE_API_VERSION=2.37
openstack {words} {output}
"""


def asked(url: str, body: str = "", method: str | None = None, **headers: str) -> tuple[int, str, str]:
    """The status, the token and the text that a call brings; status 0: no answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"Content-Type": "application/json", **named}
    call = urllib.request.Request(url, body.encode() or None, kind, method=method)
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.status, answer.headers.get("X-Subject-Token", ""), answer.read().decode()
    except HTTPError as error:
        return error.code, "", error.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return 0, "", str(error)


def token(url: str = VIP) -> tuple[int, str]:
    """A token of the administrator's."""
    status, found, _ = asked(f"{url}/v3/auth/tokens", Login("admin", lab.secret_of("keystone_admin"), "admin").body)
    return status, found


def openstack(words: str, output: str = "-f json") -> object:
    """What Debian's own client says on a controller; None without an `output`."""
    password = lab.secret_of("keystone_admin")
    said = lab.ssh(
        "cc01", CLIENT.format(url=VIP, words=words, output=output), stdin=f"OS_PASSWORD='{password}'\n", timeout=120
    )
    return json.loads(said) if output else None


def metadata(server: str, project: str, secret: str) -> tuple[int, str]:
    """What a server is told of itself by an agent that has this secret: the status, and the text."""
    signed = hmac.new(secret.encode(), server.encode(), hashlib.sha256).hexdigest()
    headers = {"X_Instance_ID": server, "X_Tenant_ID": project, "X_Instance_ID_Signature": signed}
    status, _, text = asked(f"http://{lab.VIP}:8775/openstack/latest/meta_data.json", **headers)
    return status, text


class Calls(Load):
    """Asks one thing after another while its context is open, so many times a second."""

    def __init__(self, rate: float, ask: Callable[[], int]) -> None:
        super().__init__()
        self._pause = 1 / rate
        self._ask = ask
        self.count = 0
        self.failed: list[float] = []
        """When each that was in vain had ended (time.monotonic())."""
        self.gap = 0.0
        """The longest time from one answer to the next, less the pause, in seconds."""

    def _prepare(self) -> None:
        assert 200 <= self._ask() < 400

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            status = self._ask()
            self.count += 1
            if 200 <= status < 400:
                self.acked.append(self.count)
                self.gap = max(self.gap, time.monotonic() - last - self._pause)
                last = time.monotonic()
            else:
                self.failed.append(time.monotonic())
                self.errors.append(str(status))
            self._stop.wait(self._pause)

    def failed_since(self, moment: float) -> list[float]:
        """As many seconds after `moment` (time.monotonic()) each in vain had ended, of those that came later."""
        return [at - moment for at in self.failed if at > moment]


def gets(port: int, path: str) -> Calls:
    """Ten GETs a second of what a service answers to everybody."""
    return Calls(10, lambda: asked(f"http://{lab.VIP}:{port}{path}")[0])


def reads() -> Calls:
    """Ten GETs a second of what neutron has to ask its database for."""
    _, key = token()
    return Calls(10, lambda: asked(f"http://{lab.VIP}:9696/v2.0/networks", X_Auth_Token=key)[0])


def tokens() -> Calls:
    """A token a second."""
    return Calls(1, lambda: token()[0])
