"""The package repository of a release: all that a deploy installs, for hosts that have no way out."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab import debs
from lab.errors import LabError
from lab.kind import Kind
from lab.shell import run

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_GENERATION = 2

_INDEX = """
cd "$1"
apt-ftparchive packages . > Packages
names="-o APT::FTPArchive::Release::Codename=$2 -o APT::FTPArchive::Release::Suite=$2"
apt-ftparchive $names release . > .Release
mv .Release Release
"""


@dataclass(frozen=True, slots=True)
class Target:
    """One package index of the machine's apt: `release` is the suite as its sources name it."""

    release: str
    uri: str
    component: str


def recipe(kind: Kind) -> list[object]:
    """What the repository is made of, for the cache's key."""
    return [_GENERATION, kind.release, sorted(kind.packages)]


def parse_targets(text: str) -> list[Target]:
    """The indexes in the output of `apt-get indextargets`, one ``release|uri|component`` a line."""
    rows = (line.split("|") for line in text.splitlines() if line.count("|") == 2)
    return list(dict.fromkeys(Target(*row) for row in rows))


def sources(targets: Iterable[Target], machine: str, release: str) -> list[str]:
    """The one-line sources (sources.list(5)) for `release`, made from those of the machine's release, `machine`.

    Only Debian's own suites count: ``bookworm``, ``bookworm-updates``, ``bookworm-security``; the same places are
    asked for the other release's suites. Empty if the machine has no such source.
    """
    lines = []
    for target in targets:
        name, dash, rest = target.release.partition("-")
        if name == machine and rest in ("", "updates", "security"):
            lines.append(f"deb [signed-by={_KEYRING}] {target.uri} {release}{dash}{rest} {target.component}")
    return lines


def machine_release() -> str:
    """The machine's codename, from os-release(5); empty if it has none."""
    for line in Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    return ""


def build(kind: Kind, tree: Path) -> None:
    """Download the packages with all that they need into `tree`, and index them.

    The machine's own apt configuration is used; its lists and its package database are not touched.
    Raises LabError if the machine has no Debian sources, or they can't be reached for the release.
    """
    release = kind.release
    machine = machine_release()
    shape = "$(RELEASE)|$(REPO_URI)|$(COMPONENT)"
    targets = parse_targets(run(["apt-get", "indextargets", "--format", shape, "Created-By: Packages"]))
    lines = sources(targets, machine, release)
    if not lines:
        raise LabError(f"this machine's apt has no source for Debian {machine}, so the lab gets no packages; add one")
    scratch = tree / "apt"
    for part in ("lists/partial", "cache", "empty"):
        (scratch / part).mkdir(parents=True)
    (scratch / "sources.list").write_text("\n".join(lines) + "\n")
    (scratch / "status").touch()
    (tree / "partial").mkdir()
    (scratch / "apt.conf").write_text(apt_configuration(tree, scratch))
    apt = ["apt-get", "-q", "-y", "-c", str(scratch / "apt.conf")]
    try:
        run([*apt, "update", "--error-on=any"], timeout=300)
    except LabError as why:
        raise LabError(f"the package lists of Debian {release} can't be read with this machine's apt: {why}") from why
    wanted = [*kind.packages, "?essential", "?priority(required)"]
    try:
        run([*apt, "--no-install-recommends", "--download-only", "install", *wanted], timeout=1800)
    except LabError as why:
        raise LabError(f"the packages of Debian {release} can't be downloaded: {why}") from why
    debs.store_all(tree)
    shutil.rmtree(scratch)
    for left in ("partial", "lock"):
        path = tree / left
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    index(release, tree)


def index(release: str, tree: Path) -> None:
    """Write ``Packages`` and ``Release`` for the .deb files in `tree`."""
    run(["sh", "-euc", _INDEX, "sh", tree, release], timeout=300)


def apt_configuration(tree: Path, scratch: Path) -> str:
    """An apt.conf(5) that keeps apt off the machine's own lists and package database; the rest is the machine's."""
    places = {
        "Dir::Etc::SourceList": scratch / "sources.list",
        "Dir::Etc::SourceParts": scratch / "empty",
        "Dir::Etc::Preferences": scratch / "none",
        "Dir::Etc::PreferencesParts": scratch / "empty",
        "Dir::State::Lists": scratch / "lists",
        "Dir::State::Status": scratch / "status",
        "Dir::State::extended_states": scratch / "extended_states",
        "Dir::Cache": scratch / "cache",
        "Dir::Cache::Archives": tree,
        # _apt, whom apt downloads as, can't write below a folder of root's.
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "3",
    }
    return "".join(f'{name} "{value}";\n' for name, value in places.items())
