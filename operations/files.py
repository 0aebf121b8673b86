"""Files on a host: validated by their own program, replaced atomically, the old one kept, no secret on the way."""

from __future__ import annotations

import base64
import difflib
import hashlib
import shlex
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pyinfra import host, state
from pyinfra.api.command import PyinfraCommand, StringCommand
from pyinfra.api.operation import operation

from facts.base import FileStates


@dataclass(frozen=True, slots=True)
class ManagedFile:
    """A file that hatui owns whole.

    `check` is a shell command that must succeed on the new content before it replaces the old; `{}` stands for the
    (quoted) path of the temporary file. `secrets` are the values in it that must never be shown.
    """

    path: str
    content: bytes
    mode: str = "0644"
    """Four octal digits."""
    user: str = "root"
    group: str = "root"
    check: str | None = None
    secrets: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@operation()
def managed(files: Sequence[ManagedFile]) -> Generator[PyinfraCommand, None, None]:
    """Make each file be as given: content, mode and owner. One look for all of them.

    The new content travels on stdin into a temporary file (0600) beside the target, is checked, and takes the
    target's place by rename(2). The former file is kept as `PATH.hatui-old`.
    """
    seen = host.get_fact(FileStates, paths=[file.path for file in files]) or {}
    for file in files:
        now = seen.get(file.path)
        wanted = (file.sha256, file.mode, file.user, file.group)
        if now == wanted:
            host.noop(f"{file.path} is as wanted")
            continue
        if state.config.DIFF and (now is None or now[0] != file.sha256):
            _show_diff(file)
        yield replacement(file)


@operation()
def absent(paths: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Take files away that hatui once wrote, or that a package brought and that are in the way. Directories stay."""
    seen = host.get_fact(FileStates, paths=list(paths)) or {}
    for path in paths:
        if path in seen:
            yield StringCommand("rm", "-f", "--", shlex.quote(path))
        else:
            host.noop(f"{path} is absent")


def replacement(file: ManagedFile) -> StringCommand:
    """The command that puts `file` in its place; the content, in base64, is its stdin."""
    target = shlex.quote(file.path)
    lines = [
        "set -eu; umask 077",
        f"target={target}",
        'mkdir -p -m 0755 -- "$(dirname -- "$target")"',
        'new=$(mktemp "$target.hatui-new.XXXXXX")',
        "trap 'rm -f -- \"$new\"' EXIT",
        'base64 -d >"$new"',
        f'chown {shlex.quote(f"{file.user}:{file.group}")} "$new"',
        f'chmod {file.mode} "$new"',
    ]
    if file.check:
        check = file.check.replace("{}", '"$new"')
        lines.append(
            f"if ! said=$({check} 2>&1); then printf '%s\\n' \"$said\" >&2; "
            f'echo "$target: the new content was refused by its own program; the old file is untouched." >&2; '
            "exit 1; fi"
        )
    lines += [
        'sync -d "$new"',
        'if [ -e "$target" ]; then cp -a -- "$target" "$target.hatui-old"; fi',
        'mv -f -- "$new" "$target"',
        "trap - EXIT",
    ]
    encoded = base64.encodebytes(file.content).decode()
    return StringCommand("\n".join(lines), _stdin=encoded.splitlines())


def _show_diff(file: ManagedFile) -> None:
    """Print what changes, as `pyinfra --diff` asks: each secret as a mark of its hash, for the old content too."""
    _, output = host.run_shell_command(f"cat -- {shlex.quote(file.path)} 2>/dev/null", print_output=False)
    new_lines = _masked(file.content.decode(errors="backslashreplace"), file.secrets).splitlines()
    old_lines = [
        # A line of the old file may hold an old secret that nobody remembers: only what stays is shown.
        line if not file.secrets or line in new_lines else _mark(line)
        for line in _masked(output.stdout, file.secrets).splitlines()
    ]
    for line in difflib.unified_diff(old_lines, new_lines, file.path, file.path, lineterm=""):
        host.log(line)


def _masked(text: str, secrets: Sequence[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _mark(secret))
    return text


def _mark(secret: str) -> str:
    return f"<hidden sha256:{hashlib.sha256(secret.encode()).hexdigest()[:8]}>"
