"""Where secrets come from: one file of mode 0600 outside the repository, or a source that the inventory names.

The file is made on first use, and each secret in it when it is first asked for. A secret is never printed, and leaves
this process only on a host's stdin.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets as random
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from pyinfra.api.exceptions import PyinfraError

from cluster.layers import LAYERS
from cluster.spec import Cluster
from cluster.stacks import STACKS


class SecretError(PyinfraError):
    """A secret can't be had; the text says which, where it was looked for, and what to do. It never holds the value."""


def _password() -> str:
    return random.token_urlsafe(24)


def _authkey() -> str:
    # corosync-keygen(8) writes 256 bytes; kept as base64.
    return base64.b64encode(random.token_bytes(256)).decode()


MADE: Mapping[str, Callable[[], str]] = {
    "haproxy_stats": _password,
    "rabbitmq_admin": _password,
    "rabbitmq_cookie": _password,
    "rabbitmq_watch": _password,
    "probe": _password,
    **{name: _password for layer in LAYERS for name in layer.secrets},
    **{stack.authkey: _authkey for stack in STACKS},
}
"""Secrets that hatui makes by itself. Others, such as a BMC's password, must be given."""


_asked: dict[str, str] = {}
"""What each command printed: it is asked once a run, since it may have to ask a person or a service far away."""
_ASKING = Lock()


def asked(cluster: Cluster) -> dict[str, str]:
    """What the commands of `cluster` printed, each asked now if it was not: for a process that this one begins.

    It travels on that one's stdin alone. A command that fails is left out: who needs its secret is told why.
    """
    for name, source in cluster.secrets.items():
        if source.startswith("command:"):
            with contextlib.suppress(SecretError):
                secret(cluster, name)
    return dict(_asked)


def remember(printed: Mapping[str, str]) -> None:
    """Take what the process that began this one gives (`asked`)."""
    _asked.update(printed)


def secret(cluster: Cluster, name: str) -> str:
    """The value of the secret `name` of `cluster`.

    Looked for in this order: the environment variable HATUI_SECRET_<NAME>; the source that the inventory names
    ("file:/path", "env:NAME", "command:program arguments", which is run once); the store, which makes those of `MADE`
    on first use.

    Raises SecretError.
    """
    if value := os.environ.get(f"HATUI_SECRET_{name.upper()}"):
        return value
    if source := cluster.secrets.get(name):
        return _from_source(name, source)
    return _from_store(store_path(cluster), name)


def store_path(cluster: Cluster) -> Path:
    """The file that keeps `cluster`'s secrets: below $XDG_DATA_HOME (~/.local/share), as the XDG base directories."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "hatui" / cluster.name / "secrets.json"


def _from_source(name: str, source: str) -> str:
    kind, _, rest = source.partition(":")
    try:
        if kind == "file":
            value = Path(rest).read_text().strip()
        elif kind == "env":
            value = os.environ.get(rest, "")
        else:
            value = _from_command(name, rest)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise SecretError(f"The secret {name} can't be had from {source}: {reason}.") from error
    if not value:
        raise SecretError(f"The secret {name} is empty: {source} gives nothing.")
    return value


def _from_command(name: str, command: str) -> str:
    with _ASKING:
        if command not in _asked:
            done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=30, check=False)
            if done.returncode != 0:
                raise SecretError(f"The secret {name} can't be had: `{command}` ended with {done.returncode}.")
            _asked[command] = done.stdout.strip()
        return _asked[command]


def _from_store(path: Path, name: str) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The lock keeps two first runs from making two different secrets of one name.
    with os.fdopen(os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store = _read(path)
        if name not in store:
            if name not in MADE:
                raise SecretError(
                    f"The secret {name} is not known: set HATUI_SECRET_{name.upper()}, "
                    f'or name its source under "secrets" in the inventory, or add it to {path}.'
                )
            store[name] = MADE[name]()
            _write(path, store)
        return store[name]


def _read(path: Path) -> dict[str, str]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    if mode & 0o077:
        raise SecretError(f"{path} can be read by others: run `chmod 600 {path}`, and change what may have leaked.")
    try:
        store = json.loads(path.read_text())
    except (ValueError, OSError) as error:
        raise SecretError(f"{path} can't be read as JSON ({type(error).__name__}): restore it from a copy.") from error
    if not isinstance(store, dict) or not all(isinstance(value, str) for value in store.values()):
        raise SecretError(f"{path} must hold one JSON object of strings: restore it from a copy.")
    return store


def _write(path: Path, store: Mapping[str, str]) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(store, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
