"""INI files of other programs, in which some keys are hatui's: called from a layer's deploy on each host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from operations.amended import amended
from operations.ini import Keys, told, with_keys


def amended_ini(name: str, files: Mapping[str, Keys], group: str, secrets: Sequence[str]) -> None:
    """Amend each of `files`, by its path; one that is new is readable by `group`. `secrets` are never shown."""
    for path, keys in files.items():
        amended(
            name=f"{name}, {path}",
            path=path,
            amend=partial(with_keys, path=path, wanted=keys),
            what=partial(told, path=path, wanted=keys),
            group=group,
            secrets=secrets,
        )
