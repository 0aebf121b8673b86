"""Files that others own lines in: what is theirs stays, to the byte."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Generator, Sequence

from pyinfra import host, state
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from facts.base import FileNotes, FileText
from operations.files import ManagedFile, note, replacement
from operations.told import Told


@operation()
def amended(
    path: str,
    amend: Callable[[str], str],
    says_else: Callable[[str], Sequence[str]] = lambda _: (),
    user: str = "root",
    group: str = "root",
    secrets: Sequence[str] = (),
    what: Callable[[str], str] = lambda _: "put what is hatui's into",
) -> Generator[PyinfraCommand, None, None]:
    """Make the file at `path` be what `amend` makes of its present text; it keeps its mode and owner.

    `secrets` are the values in it that are never shown; `what` says what is done to the text, before the path.
    `says_else` gives what there is in it that contradicts what is put in: told with the change. Refused, and nothing is
    written, where the file changed after it was read.
    """
    seen = host.get_fact(FileText, path=path)
    text = seen.text if seen else ""
    wanted = amend(text)
    if seen and wanted == text:
        if path in (host.get_fact(FileNotes) or {}):
            # Written whole by a former hatui: from now on others may write into it.
            yield Told(f"leave {path} to others too", note(path, ""))
        else:
            host.noop(f"{path} has what is wanted")
        return
    content = wanted.encode(errors="surrogateescape")
    before = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest() if seen else ""
    place = shlex.quote(path)
    still = f'[ "$(sha256sum <{place} 2>/dev/null | cut -c1-64)" = "{before}" ]' if seen else f"[ ! -e {place} ]"
    check = f"{{ {still} || {{ echo 'It was changed since it was read. Run this again.'; false; }}; }}"
    if seen:
        file = ManagedFile(path, content, seen.mode, seen.user, seen.group, check, tuple(secrets))
    else:
        file = ManagedFile(path, content, user=user, group=group, check=check, secrets=tuple(secrets))
    change = replacement(file, whole=False)
    change.what = f"{what(text)} {path}"
    if contrary := says_else(text):
        change.what += f", before what else it says of the same: {'; '.join(contrary)}"
    if state.config.DIFF:
        for line in change.difference(host.name):
            host.log(line)
    if contrary:
        also = "; ".join(contrary)
        host.log(f"{path} also says {also}: hatui's lines come first. Take these away, if nobody needs them.")
    yield change
