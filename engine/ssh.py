"""A script on a host, over OpenSSH's own client: one connection, answers in frames, time and size bounded.

OpenSSH and not pyinfra's connector: a host that hangs can't hold the others up, what a person has in ssh_config(5)
counts (jump hosts, agents), and no State of pyinfra's is needed to look.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from cluster.spec import Cluster
from cluster.text import clean

LIMIT = 2**20
"""Bytes that a host may answer in all."""
CONNECT = 3
"""Seconds that a host may take to be reached (ssh_config(5), ConnectTimeout)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said: the output of each section that ended; `reason` says why others are missing, if any are."""

    sections: Mapping[str, str]
    reason: str | None
    took: float
    """Seconds."""


def ssh_command(cluster: Cluster, name: str, remote: str = "exec sh") -> list[str]:
    """The command that runs `remote`, a line of shell, on host `name`: a shell that reads its script from stdin."""
    ssh = cluster.ssh
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT),
        "ServerAliveInterval": "1",
        "ServerAliveCountMax": "3",
        "StrictHostKeyChecking": "yes",
        "ClearAllForwardings": "yes",
        "LogLevel": "ERROR",
        "User": ssh.user,
        "Port": str(ssh.port),
    }
    if ssh.known_hosts:
        options["UserKnownHostsFile"] = f'"{ssh.known_hosts}"'
        options["GlobalKnownHostsFile"] = "none"
    if ssh.key:
        options["IdentityFile"] = f'"{ssh.key}"'
        options["IdentitiesOnly"] = "yes"
    given = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
    return ["ssh", "-T", *given, "--", cluster.address(name), remote]


class Conversation:
    """A shell on a host: begun at once, so that the connection is made while its script is still being composed."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._mark = secrets.token_hex(8)
        self._begun = asyncio.get_running_loop().time()
        self._process = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *ssh_command(cluster, name),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # A group of its own, so that what it started (ProxyCommand) ends with it.
                start_new_session=True,
            )
        )

    async def ask(self, sections: Mapping[str, str], *, until: float) -> Answer:
        """Run each section's command, one after another, until `until` (seconds since the conversation began)."""
        process = await self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        with contextlib.suppress(OSError):
            process.stdin.write(self._script(sections).encode())
            process.stdin.write_eof()
        heard = bytearray()
        errors = asyncio.ensure_future(process.stderr.read(4096))
        reason = None
        try:
            async with asyncio.timeout_at(self._begun + until):
                while len(heard) < LIMIT and (chunk := await process.stdout.read(65536)):
                    heard += chunk
                if len(heard) >= LIMIT:
                    reason = f"said more than {LIMIT} bytes and was not listened to any longer"
                elif await process.wait() == 255:
                    reason = f"can't be reached: {clean(_last_line(await errors), 160)}"
        except TimeoutError:
            reason = f"did not answer within {until:g} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            errors.cancel()
        found = self._frames(heard.decode(errors="replace"))
        if reason is None and (missing := [name for name in sections if name not in found]):
            reason = f"broke off before it had told of {', '.join(missing)}"
        return Answer(found, reason, asyncio.get_running_loop().time() - self._begun)

    def _script(self, sections: Mapping[str, str]) -> str:
        """Frames have a mark that is made for this conversation, so that no output can look like one."""
        parts = [
            f"printf '\\n%s begin %s\\n' {self._mark} {name}\n( {command}\n) </dev/null 2>/dev/null\n"
            f"printf '\\n%s end %s\\n' {self._mark} {name}\n"
            for name, command in sections.items()
        ]
        # Read whole before it runs: a section can't eat the rest of the script.
        return "{\n" + "".join(parts) + "exit 0\n}\n"

    def _frames(self, text: str) -> dict[str, str]:
        frame = re.compile(rf"\n{self._mark} begin (\w+)\n(.*?)\n{self._mark} end \1\n", re.DOTALL)
        return {found.group(1): found.group(2) for found in frame.finditer(text)}


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "ssh ended without a word"
