"""Where a secret could show: command lines while a program runs, outputs, and files that others can read."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tests.e2e import lab

PLACES = "/etc /var/lib /var/log /var/cache /run /usr/local /tmp /var/tmp /root /home /opt"


class CommandLines:
    """Every command line seen while it is open: those of the lab's hosts too, whose processes this machine sees.

    Looks at young processes again and again, since what a process was started with changes at exec(2).
    """

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> CommandLines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        looks: dict[str, int] = {}
        while not self._stop.is_set():
            pids = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]
            for pid in pids:
                if looks.setdefault(pid, 0) < 4:
                    looks[pid] += 1
                    with contextlib.suppress(OSError):
                        self.seen.add(Path(f"/proc/{pid}/cmdline").read_bytes())
            looks = {pid: looks[pid] for pid in pids}
            time.sleep(0.01)

    def with_secret(self, secrets: Mapping[str, str]) -> list[str]:
        """The names of the secrets that stood in a command line, with the program's name."""
        return [
            f"{name} in {line.split(bytes(1))[0].decode(errors='replace')}"
            for line in self.seen
            for name, value in secrets.items()
            if value.encode() in line
        ]


def in_text(text: str, secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets that stand in `text`."""
    return [name for name, value in secrets.items() if value in text]


def in_open_files(host: str, secrets: Mapping[str, str]) -> list[str]:
    """Files of `host` that hold a secret and that anybody may read. The patterns travel on stdin, not as arguments."""
    script = (
        'umask 077; patterns=$(mktemp); cat >"$patterns"; '
        f'find {PLACES} -xdev -type f -perm /o+r -size -4096k -exec grep -lFf "$patterns" {{}} + 2>/dev/null; '
        'rm -f "$patterns"'
    )
    found = lab.ssh(host, script, check=False, stdin="\n".join(secrets.values()))
    return [f"{host}:{path}" for path in found.splitlines()]
