"""What a lab is made of, as long as it is up: written by the first `up`, removed by `down`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError
from lab.process import replace_file
from lab.topology import ROLES, STATE_ROOT, Lab, hosts_of


@dataclass(frozen=True, slots=True)
class Config:
    """The release and the cached trees that this lab's hosts stand on."""

    release: str
    base: Path
    repository: Path
    openstack: bool = False
    """Whether the repository has OpenStack's packages too."""
    horizon: bool = False
    """Whether it has horizon's too."""
    layers: dict[str, Path] = field(default_factory=dict)
    """What the hosts of a role have between the base and themselves, by role."""

    @property
    def trees(self) -> tuple[Path, ...]:
        """All that must not be removed as long as the lab is up."""
        return (self.base, self.repository, *self.layers.values())

    def below(self, host: str) -> list[Path]:
        """The trees that `host` stands on, the uppermost first."""
        layer = self.layers.get(ROLES.get(host, ""))
        return [layer, self.base] if layer else [self.base]


def load(lab: Lab) -> Config | None:
    """The lab's configuration, or None if the lab is down."""
    return _read(lab.config)


def names(lab: Lab, openstack: bool = False) -> tuple[str, ...]:
    """The hosts that the lab has. If it is down: those that it would have, with or without OpenStack."""
    settings = load(lab)
    return hosts_of(settings.openstack if settings else openstack)


def load_all() -> list[Config]:
    """The configurations of all labs of this machine that are up."""
    found = (_read(path) for path in STATE_ROOT.glob("*/lab.json"))
    return [settings for settings in found if settings]


def _read(path: Path) -> Config | None:
    try:
        noted = json.loads(path.read_text())
        layers = {role: Path(path) for role, path in noted.get("layers", {}).items()}
        base, repository = Path(noted["base"]), Path(noted["repository"])
        openstack, horizon = noted.get("openstack", False), noted.get("horizon", False)
        return Config(noted["release"], base, repository, openstack, horizon, layers)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as why:
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
        "horizon": config.horizon,
        "layers": {role: str(path) for role, path in config.layers.items()},
    }
    replace_file(lab.config, json.dumps(noted, indent=2) + "\n")
