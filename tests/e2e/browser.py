"""A real browser without a window, driven as W3C's WebDriver has it: Debian's packages chromium and chromium-driver."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

DRIVER = shutil.which("chromedriver")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element's id in an answer (WebDriver, "Elements")."""
# It runs as root, beside much else.
_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"]


class Browser:
    """A window of it; `place` is where its driver has it."""

    def __init__(self, place: str) -> None:
        self._place = place

    def _say(self, method: str, path: str, **body: object) -> Any:
        call = urllib.request.Request(
            f"{self._place}/{path}".rstrip("/"),
            json.dumps(body).encode() if method == "POST" else None,
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(call, timeout=120) as answer:
                return json.loads(answer.read())["value"]
        except HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode(errors='replace')[:300]}") from error

    def open(self, url: str) -> None:
        """Returns when the page is there with all that it needs."""
        self._say("POST", "url", url=url)

    @property
    def url(self) -> str:
        return str(self._say("GET", "url"))

    @property
    def title(self) -> str:
        return str(self._say("GET", "title"))

    @property
    def text(self) -> str:
        """What a person reads."""
        return str(self._say("POST", "execute/sync", script="return document.body.innerText", args=[]))

    def run(self, script: str) -> Any:
        """What a script of JavaScript in the page returns."""
        return self._say("POST", "execute/sync", script=script, args=[])

    def write(self, selector: str, text: str) -> None:
        self._say("POST", f"element/{self._found(selector)}/value", text=text)

    def click(self, selector: str) -> None:
        self._say("POST", f"element/{self._found(selector)}/click")

    def _found(self, selector: str) -> str:
        return str(self._say("POST", "element", using="css selector", value=selector)[_ELEMENT])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._say("GET", "screenshot")))

    def close(self) -> None:
        self._say("DELETE", "")


@contextmanager
def browser() -> Iterator[Browser]:
    """One window, which knows nothing yet, until the context ends."""
    assert DRIVER, "there is no chromedriver: install Debian's packages chromium and chromium-driver"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        root = Browser(f"http://127.0.0.1:{port}")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with suppress(OSError):
                root._say("GET", "status")
                break
            time.sleep(0.2)
        options = {"goog:chromeOptions": {"args": _ARGUMENTS}, "pageLoadStrategy": "normal"}
        made = root._say("POST", "session", capabilities={"alwaysMatch": options})
        window = Browser(f"http://127.0.0.1:{port}/session/{made['sessionId']}")
        try:
            yield window
        finally:
            window.close()
    finally:
        driver.terminate()
        driver.wait(timeout=20)
