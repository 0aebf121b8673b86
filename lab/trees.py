"""The cached trees that a lab stands on: made where they are not there yet, kept as long as a lab stands on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lab import base, config, packages, roles
from lab.cache import built, key, locked, prune
from lab.config import Config
from lab.kind import Kind
from lab.progress import Progress
from lab.topology import CACHE_ROOT, Lab


def prepare(lab: Lab, kind: Kind, progress: Progress) -> Config:
    """The configuration of a new lab, written down, when all that its hosts stand on is there."""
    made: list[Path] = []

    def tree(name: str, made_of: object, build: Callable[[Path], None], doing: str) -> Path:
        path = CACHE_ROOT / f"{name}-{kind.label}-{key(made_of)}"
        if not path.is_dir():
            with progress.step(f"{doing} of Debian {kind.label}"):
                built(path, build)
            made.append(path)
        return path

    with locked(CACHE_ROOT / "lock", lambda: progress.say("Another halab builds the cache; waiting for it.")):
        repository = tree("packages", packages.recipe(kind), partial(packages.build, kind), "Downloading the packages")
        common = tree("base", base.recipe(kind, repository), partial(base.build, kind, repository), "Building the base")
        layers = {
            role: tree(
                role,
                roles.recipe(kind, role, common),
                partial(roles.build, kind, role, common, repository),
                f"Installing what a {role} host has",
            )
            for role in kind.roles
        }
        settings = Config(kind.release, common, repository, kind.openstack, kind.horizon, layers)
        # Written while the cache is locked: from here on, nobody prunes what this lab stands on.
        config.save(lab, settings)
        if made:
            prune(CACHE_ROOT, kind.label, {path for one in config.load_all() for path in one.trees})
        return settings
