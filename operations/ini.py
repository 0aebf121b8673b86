"""INI files of other programs (oslo.config): single keys set or taken away; comments, order and all else stay.

By ConfigUpdater, which keeps a file to the byte where it is not told to change it; the standard library's configparser
drops every comment.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping

from configupdater import ConfigUpdater, Section
from pyinfra.api.exceptions import PyinfraError

Keys = Mapping[str, Mapping[str, str | None]]
"""Section to key to value; None: the key is not to be there."""


def literal(text: str) -> str:
    """`text` as a value that stands for itself: oslo.config puts other values in the place of $NAME."""
    return text.replace("$", "$$")


def with_keys(text: str, path: str, wanted: Keys) -> str:
    """The `text` of the file at `path` with each key of `wanted` once, and without those that are None.

    Raises PyinfraError where it is no INI file.
    """
    whole = text if text.endswith("\n") or not text else f"{text}\n"
    updater = _read(whole, path)
    for section, keys in wanted.items():
        if not updater.has_section(section):
            if all(value is None for value in keys.values()):
                continue
            updater.add_section(section)
        for key, value in keys.items():
            found = [option for option in updater[section].option_blocks() if option.key == key]
            for option in found[1 if value is not None else 0 :]:
                option.detach()
            if value is not None and found:
                # Setting it would also set the blanks around the sign.
                if found[0].value != value:
                    found[0].value = value
            elif value is not None:
                _add(updater[section], key, value)
    made = str(updater)
    return text if made == whole else made


def _add(section: Section, key: str, value: str) -> None:
    """Right below the section's name: at its end it would stand with the next section's."""
    first = next(iter(section.iter_blocks()), None)
    if first is None:
        section[key] = value
    else:
        first.add_before.option(key, value)


def told(text: str, path: str, wanted: Keys) -> str:
    """What `with_keys` does to a file, in words: nothing of a former release is taken away unsaid."""
    updater = _read(text, path)
    absent = [(section, key) for section, keys in wanted.items() for key, value in keys.items() if value is None]
    found = [f"[{section}] {key}" for section, key in absent if updater.has_option(section, key)]
    stale = f"take {', '.join(found)} away, which its release does not read, and " if found else ""
    return f"{stale}put what is hatui's into"


def _read(text: str, path: str) -> ConfigUpdater:
    # A key may stand there several times: oslo.config's lists are written so.
    updater = ConfigUpdater(
        delimiters=("=",), comment_prefixes=("#", ";"), inline_comment_prefixes=(), strict=False, allow_no_value=True
    )
    updater.optionxform = str  # type: ignore[assignment]
    try:
        return updater.read_string(text)
    except configparser.Error as error:
        what = str(error).splitlines()[0]
        said = f"{path} is no INI file that can be amended: {what}. Mend it by hand, or take it away."
        raise PyinfraError(said) from error
