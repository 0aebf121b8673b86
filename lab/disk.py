"""A small disk of its own below a path of a host: a real file system on a loop device, in the place of what is there.

Its blocks are a file of this machine that has no name and is mostly holes: what is allocated on it and never written
(fallocate(1)) takes nothing of this machine's own disk. It ends with its mount, and so with the host's power.
"""

from __future__ import annotations

from pathlib import Path

from lab import cases, checks, inside
from lab.cases import Case
from lab.fault import Option
from lab.shell import run
from lab.topology import Lab
from lab.unit import named, start, stop

MOST_MIB = 2048
"""What may lie below the path at most: it is copied twice."""

WHOM = f"a folder with {MOST_MIB} MiB at most; its service is restarted when the disk comes and when it goes"

_COPY_LIMIT = 300.0


def folder(text: str) -> str:
    """`text`, if it may be the path of such a folder; ValueError otherwise."""
    if not text.startswith("/") or str(Path(text)) != text or ".." in Path(text).parts or len(Path(text).parts) < 3:
        raise ValueError(f"{text[:60]!r} is no folder to take; give one such as /var/lib/mysql")
    return text


PATH = Option("path", "a folder of the host, such as /var/lib/mysql", check=folder, needed=True, aims=True)
UNIT = Option("unit", "the service that has files open there; it is restarted on the new disk", check=named)

# What had its blocks has them there too: who maps a file to memory, as Galera its cache, can't be told that it is full.
_PUT = """
mkdir -p "$2"
mknod "$2.dev" b "$3" "$4"
mount -t ext4 -o errors=remount-ro "$2.dev" "$2"
rm "$2.dev"
rmdir "$2/lost+found"
cp -a "$1/." "$2"
cd "$1"
find . -type f -size +64k -printf '%b %s %p\\n' | while read -r blocks size file; do
    [ $((blocks * 512)) -lt "$size" ] || fallocate -l "$size" "$2/$file"
done
cd /
mount --bind "$2" "$1"
umount "$2"
rmdir "$2"
"""

# What lies below the mount is seen through the root, bound to a second place without what is mounted in it.
_TAKE = """
rm -f "$2.dev"
! mountpoint -q "$2" || umount "$2"
if mountpoint -q "$1"; then
    mkdir -p "$2"
    mount --bind / "$2"
    below="$2$1"
    rm -rf "$below.halab"
    mkdir "$below.halab"
    cp -a "$1/." "$below.halab"
    find "$below" -mindepth 1 -delete
    find "$below.halab" -mindepth 1 -maxdepth 1 -exec mv -t "$below" {} +
    chown --reference="$1" "$below"
    chmod --reference="$1" "$below"
    rmdir "$below.halab"
    umount "$2"
    umount "$1"
fi
[ ! -d "$2" ] || rmdir "$2"
"""


def _place(case: Case) -> str:
    """Where the disk, and what lies below it, are seen for a moment; below /dev, since only there devices work."""
    return f"/dev/halab-{case.id}"


def refuse(lab: Lab, case: Case) -> str | None:
    """Why `path` can't lie on a disk of its own, or None."""
    path = str(case.options["path"])
    script = '[ -d "$1" ] || { echo missing 0; exit; }; echo "$(findmnt -no TARGET -T "$1") $(du -sm "$1" | cut -f1)"'
    mounted, size = inside.run_on(lab, case.host, f"du {path}", script, path).split()
    if mounted == "missing":
        return f"{case.host} has no folder {path}"
    if mounted != "/":
        return (
            f"{path} on {case.host} is on a file system of its own ({mounted}) already: it has to be on the host's disk"
        )
    if int(size) > MOST_MIB:
        return f"{path} on {case.host} has {size} MiB, and {MOST_MIB} at most can be moved; take a smaller folder"
    return None


def put(lab: Lab, case: Case, free_mib: int) -> None:
    """`path` lies on a disk of its own, with at least `free_mib` to spare; what was there is on it."""
    path, unit = str(case.options["path"]), case.options["unit"]
    if unit:
        stop(lab, case.host, str(unit))
    used = int(inside.run_on(lab, case.host, f"du {path}", 'du -sm "$1" | cut -f1', path))
    device = _attached(lab, case, used + used // 10 + free_mib + 32)
    try:
        major, minor = (Path("/sys/block") / device.name / "dev").read_text().strip().split(":")
        arguments = (path, _place(case), major, minor)
        inside.run_on(lab, case.host, f"mount a disk on {path}", _PUT, *arguments, timeout=_COPY_LIMIT)
    finally:
        # It goes when it is no longer mounted (losetup(8), --detach).
        run(["losetup", "--detach", device])
    if unit:
        start(lab, case.host, str(unit), wait=True)


def take(lab: Lab, case: Case) -> None:
    """`path` is on the host's own disk again, with what it has now. After a power loss: with what it had before."""
    if not inside.has_power(lab, case.host):
        return
    path, unit = str(case.options["path"]), case.options["unit"]
    there = inside.run_on(lab, case.host, f"mountpoint {path}", '! mountpoint -q "$1" || echo there', path)
    if unit and there:
        stop(lab, case.host, str(unit))
    inside.run_on(lab, case.host, f"unmount the disk on {path}", _TAKE, path, _place(case), timeout=_COPY_LIMIT)
    if unit:
        start(lab, case.host, str(unit))


def _attached(lab: Lab, case: Case, mib: int) -> Path:
    """A loop device with an empty file system; the file below it has lost its name already."""
    checks.disk(lab.state)
    image = cases.folder(lab) / f"{case.id}.disk"
    try:
        with image.open("wb") as blocks:
            blocks.truncate(mib * 2**20)
        run(["mkfs.ext4", "-q", "-F", "-m", "0", image])
        return Path(run(["losetup", "--find", "--show", image]).strip())
    finally:
        image.unlink(missing_ok=True)
