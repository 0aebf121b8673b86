"""A lab on real hosts for the tests of the lab: its commands as a person types them, and what it has in the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lab.topology import Lab, parse_subnet


class RealLab:
    """The lab of a subnet of its own."""

    def __init__(self, subnet: str) -> None:
        self.lab: Lab = parse_subnet(subnet)

    def command(self, *argv: str) -> tuple[list[str], dict[str, str]]:
        """The command line of `halab argv`, and its environment."""
        return [sys.executable, "-m", "lab", *argv], {**os.environ, "HALAB_SUBNET": str(self.lab.subnet)}

    def halab(self, *argv: str, code: int = 0, seconds: float = 300) -> str:
        """What `halab argv` says, which must end in time with `code`: standard output, or the error if it is 2."""
        command, env = self.command(*argv)
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=seconds)
        said = f"halab {' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, said
        return done.stderr if code == 2 else done.stdout

    def on(self, host: str, command: str, code: int = 0) -> str:
        return self.halab("ssh", host, command, code=code)

    def power(self, host: str) -> str:
        return self.halab("power", "status", host).split()[1]

    def reaches(self, host: str, other: str) -> bool:
        """Whether a connection from `host` to the sshd of `other` comes about."""
        tried = f"timeout 1 bash -c '</dev/tcp/{self.lab.address(other)}/22' 2>/dev/null && echo yes || echo no"
        return self.on(host, tried).strip() == "yes"

    def left_over(self) -> dict[str, list[str]]:
        """What the lab has in the kernel now: nothing, when it is down."""
        slug = self.lab.slug
        own = (slug, f"bmcd {self.lab.subnet}", f"healer {self.lab.subnet}")
        return {
            "processes": [words for words in _command_lines() if any(word in words for word in own)],
            "mounts": [line for line in Path("/proc/mounts").read_text().splitlines() if slug in line],
            "namespaces": [path.name for path in Path("/run/netns").glob("*") if slug in path.name],
            "links": [path.name for path in Path("/sys/class/net").iterdir() if path.name == self.lab.veth],
            # Those of other labs go while they are walked through, which os.walk leaves out.
            "cgroups": [path for path, _, _ in os.walk("/sys/fs/cgroup") if path.endswith(f"/halab/{slug}")],
        }

    def loop_devices(self) -> list[str]:
        """The loop devices whose file is the lab's, or was."""
        files = Path("/sys/block").glob("loop*/loop/backing_file")
        return [str(path) for path in files if self.lab.slug in path.read_text()]


def _command_lines() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
    return found
