"""Files on a host: validated by their own program, replaced atomically, the old one kept, no secret on the way."""

from __future__ import annotations

import base64
import difflib
import hashlib
import shlex
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pyinfra import host, state
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from facts.base import FileStates
from operations.hosts import shell
from operations.told import Told


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
    left = []
    for file in files:
        if seen.get(file.path) == (file.sha256, file.mode, file.user, file.group):
            host.noop(f"{file.path} is as wanted")
        else:
            left.append(replacement(file))
    # A dry run goes no further than the first command.
    if state.config.DIFF:
        for change in left:
            for line in change.difference(host.name):
                host.log(line)
    yield from left


@operation()
def absent(paths: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Take files away that hatui once wrote, or that a package brought and that are in the way. Directories stay."""
    seen = host.get_fact(FileStates, paths=list(paths)) or {}
    for path in paths:
        if path in seen:
            yield Told(f"remove {path}", "rm", "-f", "--", shlex.quote(path))
        else:
            host.noop(f"{path} is absent")


class Replacement(Told):
    """The command that puts a file in its place."""

    def __init__(self, file: ManagedFile, script: str, stdin: Sequence[str]) -> None:
        super().__init__(f"write {file.path}", script, _stdin=list(stdin))
        self.file = file

    def difference(self, name: str) -> list[str]:
        """What changes on host `name`, read now: a unified diff without secrets, then mode and owner if they do."""
        path = shlex.quote(self.file.path)
        said = shell(
            name,
            f"stat -L -c '%04a %U %G' -- {path} 2>/dev/null; echo; cat -- {path} 2>/dev/null; true",
            quiet=True,
        )
        owner, _, content = said.partition("\n")
        wanted = f"{self.file.mode} {self.file.user} {self.file.group}"
        lines = difference(self.file, content.removeprefix("\n"))
        return [*lines, f"mode and owner: {owner}, to be {wanted}"] if owner and owner != wanted else lines


def replacement(file: ManagedFile) -> Replacement:
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
    return Replacement(file, "\n".join(lines), encoded.splitlines())


def difference(file: ManagedFile, old: str) -> list[str]:
    """The unified diff from the content `old` to `file`: each secret as a mark of its hash, the former ones too."""
    new_lines = masked(file.content.decode(errors="backslashreplace"), file.secrets).splitlines()
    old_lines = [
        # A line of the old file may hold an old secret that nobody remembers: only what stays is shown.
        line if not file.secrets or line in new_lines else _mark(line)
        for line in masked(old, file.secrets).splitlines()
    ]
    return list(difflib.unified_diff(old_lines, new_lines, file.path, file.path, lineterm=""))


def masked(text: str, secrets: Sequence[str]) -> str:
    """`text` with a mark of its hash in the place of each of `secrets`."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _mark(secret))
    return text


def _mark(secret: str) -> str:
    return f"<hidden sha256:{hashlib.sha256(secret.encode()).hexdigest()[:8]}>"
