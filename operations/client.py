"""How OpenSSH's own client is told to run something on a host."""

from __future__ import annotations

from cluster.spec import Cluster

CONNECT = 3
"""Seconds that a host may take to be reached (ssh_config(5), ConnectTimeout)."""


def ssh_command(cluster: Cluster, name: str, command: str) -> list[str]:
    """The command line that runs `command` on host `name`."""
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
    return ["ssh", "-T", *given, "--", cluster.address(name), command]
