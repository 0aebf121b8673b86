"""What an inventory file needs besides its data: the check of it, and its hosts as pyinfra's groups.

`hatui status` reads the inventory at every call: pyinfra is not loaded here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from cluster.spec import Cluster, Role
from cluster.validate import SpecError, cluster_spec


def cluster_of(data: Mapping[str, object]) -> Cluster:
    """The cluster that `data` describes.

    With bad data: each mistake on stderr, and SystemExit(2), before a host is touched.
    """
    try:
        return cluster_spec(data)
    except SpecError as error:
        for sentence in error.errors:
            print(f"Inventory: {sentence}", file=sys.stderr)
        print(f"Inventory: {len(error.errors)} to mend, see docs/inventory.md. No host was touched.", file=sys.stderr)
        raise SystemExit(2) from None


def members(cluster: Cluster, role: Role) -> list[tuple[str, dict[str, object]]]:
    """The hosts of `role` as a group of pyinfra: (name, data) each, with `cluster` and how ssh reaches the host."""
    ssh = {
        "ssh_user": cluster.ssh.user,
        "ssh_port": cluster.ssh.port,
        "ssh_key": cluster.ssh.key,
        "ssh_known_hosts_file": cluster.ssh.known_hosts,
        "ssh_strict_host_key_checking": "yes",
    }
    # pyinfra takes what is absent from the user's ssh settings, and does not take None.
    given = {key: value for key, value in ssh.items() if value is not None}
    return [
        (name, {"cluster": cluster, "ssh_hostname": cluster.address(name), **given}) for name in cluster.names(role)
    ]
