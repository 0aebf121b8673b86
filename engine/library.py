"""Runbooks: those that come with hatui, by name, and a user's own, by path."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.runbook import Plan

FOLDER = Path(__file__).parent / "runbooks"


class RunbookError(Exception):
    """The runbook can't be run as it was asked; the text says which, why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook that was found, and fits the parameters it was given."""

    name: str
    plan: Callable[..., Plan]
    parameters: Mapping[str, str]


def name_of(given: str) -> str:
    """The name of a runbook that was given by its name, or by its path."""
    return Path(given).stem if given.endswith(".py") else given


def load(name: str, given: Mapping[str, str]) -> Runbook:
    """The runbook `name` (of engine/runbooks, or a path that ends with .py) for the parameters `given`.

    Raises RunbookError.
    """
    path = Path(name) if name.endswith(".py") else FOLDER / f"{name}.py"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in FOLDER.glob("*.py") if not one.stem.startswith("_")))
        raise RunbookError(f"There is no runbook {name}. Give the path of a file, or one of: {known}.")
    try:
        found = runpy.run_path(str(path))
    except Exception as error:
        raise RunbookError(f"The runbook {path} can't be read: {type(error).__name__}: {error}") from error
    plan, meanings = found.get("plan"), found.get("PARAMETERS")
    if not callable(plan) or not isinstance(meanings, Mapping):
        raise RunbookError(f"The runbook {path} has no PARAMETERS or no function plan (docs/runbooks.md).")
    wanted = [one for one in inspect.signature(plan).parameters.values() if one.name in meanings]
    for unknown in given.keys() - meanings.keys():
        described = "; ".join(f"{key}: {meaning}" for key, meaning in meanings.items()) or "it takes none"
        raise RunbookError(f"The runbook {path.stem} has no parameter {unknown} ({described}).")
    for one in wanted:
        if one.default is inspect.Parameter.empty and not given.get(one.name):
            raise RunbookError(f"The runbook {path.stem} needs {one.name} ({meanings[one.name]}): --set {one.name}=…")
    return Runbook(name_of(name), plan, dict(given))
