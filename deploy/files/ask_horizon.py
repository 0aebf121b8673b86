#!/usr/bin/python3
"""Managed by hatui. ask-horizon SECONDS LIMIT FILE: whether this host's own horizon lets somebody in.

FILE is JSON: the address of its login page, a user and his password. The call has LIMIT seconds; who asks waits for
SECONDS of them. Prints the status of the page, whether it has a form, whether the login was taken (- where it was not
tried), and the seconds that it took. Before it "waiting SECONDS", since it was begun, where that has no answer yet: the
rest is that of the call before then, or nothing where that is long ago.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

SAID = Path("/run/hatui/horizon.said")
LAST = 120
"""Seconds for which an answer counts, while the next one is waited for: it is asked for every 60."""
TOKEN = re.compile(r"""name=['"]csrfmiddlewaretoken['"] value=['"]([A-Za-z0-9]+)['"]""")


class Stay(HTTPRedirectHandler):
    """Where a login leads to is not looked at: that it leads away from its form is enough."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """None: what answers so is an error."""


def entered(where: dict[str, str], limit: float) -> str:
    """What is printed, without the seconds."""
    jar = CookieJar()
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar), Stay)
    end = time.monotonic() + limit
    page: int | None = None
    wanted: re.Match[str] | None = None
    try:
        with opener.open(where["url"], timeout=limit) as answer:
            page, text = answer.status, answer.read(1 << 20).decode(errors="replace")
        wanted = TOKEN.search(text)
        if not wanted or 'name="password"' not in text:
            return f"{page} no -"
        form = {"username": where["user"], "password": where["password"], "region": "default", "next": ""}
        body = urlencode({**form, "csrfmiddlewaretoken": wanted[1]}).encode()
        call = Request(where["url"], body, {"Referer": where["url"]})  # noqa: S310 (the deploy's own address)
        opener.open(call, timeout=max(0.1, end - time.monotonic())).close()
        # Its form once more, with what is wrong.
        return f"{page} yes no"
    except HTTPError as error:
        if page is None:
            return f"{error.code} no -"
        in_now = error.code == 302 and any(cookie.name == "sessionid" for cookie in jar)
        return f"{page} yes {'yes' if in_now else 'no'}"
    except OSError:
        return f"{page or 0} {'yes no' if wanted else 'no -'}"


def behind(where: dict[str, str], limit: float) -> None:
    begun = time.monotonic()
    said = entered(where, limit)
    new = SAID.with_suffix(".new")
    new.write_text(f"{said} {time.monotonic() - begun:.3f}\n")
    new.replace(SAID)


def main() -> None:
    seconds, limit, path = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    os.umask(0o077)
    SAID.parent.mkdir(exist_ok=True)
    where = json.loads(Path(path).read_text())
    lock = SAID.with_suffix(".lock").open("w")
    asked = SAID.with_suffix(".asked")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Who asked before is not answered yet: his answer does.
        pass
    else:
        asked.touch()
        if os.fork() == 0:
            # Not ended with who asks: an answer that comes late is not asked for twice.
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            behind(where, limit)
            os._exit(0)
        lock.close()
    end = time.monotonic() + seconds
    with SAID.with_suffix(".lock").open("w") as mine:
        while time.monotonic() < end:
            try:
                fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(0.05)
            else:
                print(SAID.read_text().strip())
                return
    last = SAID.read_text() if SAID.exists() and abs(time.time() - SAID.stat().st_mtime) < LAST else ""
    print(f"waiting {time.time() - asked.stat().st_mtime:.0f} {last}".strip())


if __name__ == "__main__":
    main()
