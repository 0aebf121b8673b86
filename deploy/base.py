"""Every host: it knows the others by name, and keeps hatui's small helper program."""

from pyinfra import host

from cluster.releases import packages
from cluster.spec import Cluster, Role
from operations.files import ManagedFile, managed
from operations.packages import installed
from operations.service import stamp_program

cluster: Cluster = host.data.cluster

names = "".join(f"{member.address} {name}\n" for name, member in cluster.hosts.items())
files = [
    stamp_program(),
    ManagedFile(
        path="/etc/hosts",
        content=f"# Managed by hatui.\n127.0.0.1 localhost\n::1 localhost ip6-localhost\n{names}".encode(),
    ),
]
if Role.HAPROXY in host.groups:
    # Both balancers listen on the VIP, whoever owns it (ip-sysctl: ip_nonlocal_bind).
    files.append(
        ManagedFile(path="/etc/sysctl.d/60-hatui.conf", content=b"# Managed by hatui.\nnet.ipv4.ip_nonlocal_bind = 1\n")
    )
