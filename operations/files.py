"""Files on a host: validated by their own program, replaced atomically, the old one kept, no secret on the way."""

from __future__ import annotations

import base64
import difflib
import hashlib
import re
import shlex
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from pyinfra import host, state
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from facts.base import NOTES, FileNotes, FileState, FileStates
from operations.hosts import look, shell
from operations.steps import Refused
from operations.told import Told


@dataclass(frozen=True, slots=True)
class ManagedFile:
    """A file that hatui owns whole.

    `check` is a shell command that must succeed on the new content before it replaces the old; `{}` stands for the
    (quoted) path of the temporary file. `secrets` are the values in it that must never be shown.
    """

    path: str
    content: bytes = field(repr=False)
    mode: str = "0644"
    """Four octal digits."""
    user: str = "root"
    group: str = "root"
    check: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def sha256(self) -> str:
        """Of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@operation()
def managed(files: Sequence[ManagedFile]) -> Generator[PyinfraCommand, None, None]:
    """Make each file be as given: content, mode and owner. One look for all of them.

    The new content travels on stdin into a temporary file (0600) beside the target, is checked, and takes the
    target's place by rename(2). The former file is kept as `PATH.hatui-old`. The host keeps a note of the hash, so that
    a look tells a file that somebody edited (facts/base.py).
    """
    seen = host.get_fact(FileStates, paths=[file.path for file in files]) or {}
    noted = host.get_fact(FileNotes) or {}
    left, unnoted = [], []
    for file in files:
        if seen.get(file.path) != (file.sha256, file.mode, file.user, file.group):
            left.append(replacement(file))
        elif noted.get(file.path) == file.sha256:
            host.noop(f"{file.path} is as wanted")
        else:
            unnoted.append(file)
    # A dry run goes no further than the first command.
    if state.config.DIFF:
        for change in left:
            for line in change.difference(host.name):
                host.log(line)
    yield from left
    if unnoted:
        what = f"note what was written: {', '.join(file.path for file in unnoted)}"
        yield Told(what, "; ".join(note(file.path, file.sha256) for file in unnoted))


@operation()
def absent(paths: Sequence[str]) -> Generator[PyinfraCommand, None, None]:
    """Take files away that hatui once wrote, or that a package brought and that are in the way. Directories stay."""
    seen = host.get_fact(FileStates, paths=list(paths)) or {}
    noted = host.get_fact(FileNotes) or {}
    for path in paths:
        if path in seen or path in noted:
            yield Told(f"remove {path}", f"rm -f -- {shlex.quote(path)}; {note(path, '')}")
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


def replacement(file: ManagedFile, *, whole: bool = True) -> Replacement:
    """The command that puts `file` in its place; the content, in base64, is its stdin.

    `whole`: nobody else writes into it, and a note of the hash tells whether somebody did.
    """
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
        # An older one would be taken for what was here before.
        'if [ -e "$target" ]; then cp -a -- "$target" "$target.hatui-old"; else rm -f -- "$target.hatui-old"; fi',
        # Before the file: what is broken off here is seen as edited, and written again by the next deploy.
        note(file.path, file.sha256 if whole else ""),
        'mv -f -- "$new" "$target"',
        "trap - EXIT",
    ]
    encoded = base64.encodebytes(file.content).decode()
    return Replacement(file, "\n".join(lines), encoded.splitlines())


def note(path: str, sha256: str) -> str:
    """A shell script that notes, for a look to compare with, that the deploy wrote `path`; an empty hash: no more.

    The notes are for root alone: with the hash of a file that holds a secret, a guess of it could be tried.
    """
    own = shlex.quote(path)
    line = f"printf '%s  %s\\n' {sha256} {own}" if sha256 else ":"
    others = f"""while read -r sum path; do [ "$path" = {own} ] || printf '%s  %s\\n' "$sum" "$path"; done <{NOTES}"""
    return (
        f"( umask 077; mkdir -p -m 0755 -- {NOTES.rpartition('/')[0]}; noted=$(mktemp {NOTES}.XXXXXX) || exit; "
        f'{{ [ ! -e {NOTES} ] || {others}; {line}; }} >"$noted"; mv -f -- "$noted" {NOTES} )'
    )


def put_back(name: str, before: Mapping[str, FileState], paths: Sequence[str]) -> list[str]:
    """Put those of `paths` on host `name` back that are no longer as they were `before` (FileStates): which they were.

    Refused, and nothing is touched, where the former content is not there any more.
    """
    now = look(name, FileStates, paths=list(paths))
    changed = [path for path in paths if now.get(path) != before.get(path)]
    kept = look(name, FileStates, paths=[_kept(path) for path in changed])
    lost = [path for path in changed if path in before and kept.get(_kept(path)) != before[path]]
    if lost:
        raise Refused(f"the former {', '.join(lost)} is not kept on {name}: {_kept(lost[0])} is another")
    for path in changed:
        target, former = shlex.quote(path), shlex.quote(_kept(path))
        new = shlex.quote(f"{path}.hatui-new")
        back = f"cp -a -- {former} {new} && mv -f -- {new} {target}" if path in before else f"rm -f -- {target}"
        # Only of one that is ours whole a note is kept.
        noted = f"grep -qs -- {shlex.quote(f'  {path}')} {NOTES}"
        again = note(path, before[path][0] if path in before else "")
        shell(name, f"! {noted} || {again}; {back}")
    return changed


def _kept(path: str) -> str:
    return f"{path}.hatui-old"


def difference(file: ManagedFile, old: str) -> list[str]:
    """The unified diff from the content `old` to `file`: each secret as a mark of its hash, the former ones too."""
    new_lines = masked(file.content.decode(errors="backslashreplace"), file.secrets).splitlines()
    old_lines = [
        # A line of the old file may hold an old secret that nobody remembers.
        line if not file.secrets or line in new_lines or _harmless(line, new_lines) else _mark(line)
        for line in masked(old, file.secrets).splitlines()
    ]
    return list(difflib.unified_diff(old_lines, new_lines, file.path, file.path, lineterm=""))


_SUSPECT = re.compile(r"pass|secret|token|auth|cred|cookie|identified|private|key|crypt|hash|://|hidden sha256", re.I)
_PLAIN = re.compile(r"[A-Za-z_./-]*|:?[0-9.:/]+[a-z]{0,2}|[\w./-]{1,8}")
"""A word as settings have it: a name, a number or an address, or one too short for a secret that was made."""


def _harmless(line: str, new_lines: Sequence[str]) -> bool:
    """Whether a line that is only in the former file can be shown: nothing in it looks like a secret.

    It is hidden if it names one, if a word of it may be one, if it sets what holds one in the new file, or if one
    stands alone on its line there: then any line may be one.
    """
    if _SUSPECT.search(line) or not all(map(_PLAIN.fullmatch, re.split(r"[\s=,;'\"]+", line.strip(" '\"\t#")))):
        return False
    kept = [new.split("<hidden sha256:")[0].strip(" =:'\"\t") for new in new_lines if "<hidden sha256:" in new]
    return all(name and not line.strip().startswith(name) for name in kept)


def masked(text: str, secrets: Sequence[str]) -> str:
    """`text` with a mark of its hash in the place of each of `secrets`."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _mark(secret))
    return text


def _mark(secret: str) -> str:
    return f"<hidden sha256:{hashlib.sha256(secret.encode()).hexdigest()[:8]}>"
