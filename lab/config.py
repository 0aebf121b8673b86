"""What a lab is made of, as long as it is up: written by the first `up`, removed by `down`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.process import replace_file
from lab.topology import STATE_ROOT, Lab


@dataclass(frozen=True, slots=True)
class Config:
    """The release and the cached trees that this lab's hosts stand on."""

    release: str
    base: Path
    repository: Path
    openstack: bool = False
    """Whether the repository has OpenStack's packages too."""


def load(lab: Lab) -> Config | None:
    """The lab's configuration, or None if the lab is down."""
    return _read(lab.config)


def load_all() -> list[Config]:
    """The configurations of all labs of this machine that are up."""
    found = (_read(path) for path in STATE_ROOT.glob("*/lab.json"))
    return [settings for settings in found if settings]


def _read(path: Path) -> Config | None:
    try:
        noted = json.loads(path.read_text())
        return Config(noted["release"], Path(noted["base"]), Path(noted["repository"]), noted.get("openstack", False))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise LabError(f"{path} can't be read ({why}); remove it, and take that lab away with `halab down`") from why


def need(lab: Lab) -> Config:
    """The configuration of a lab that is up; LabError if it is down."""
    config = load(lab)
    if config is None:
        raise LabError(f"the lab {lab.subnet} is down; bring it up with `halab up`")
    return config


def save(lab: Lab, config: Config) -> None:
    noted = {
        "release": config.release,
        "base": str(config.base),
        "repository": str(config.repository),
        "openstack": config.openstack,
    }
    replace_file(lab.config, json.dumps(noted, indent=2) + "\n")
