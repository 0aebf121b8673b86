"""Every host: it has its name, knows the others by theirs, and keeps hatui's small helper program."""

from pyinfra import host
from pyinfra.operations import server

from cluster.spec import Cluster, Role
from operations.files import ManagedFile, managed
from operations.kernel import applied
from operations.lock import unlocked
from operations.service import stamp_program

unlocked(name="Base: nobody else changes the cluster")

cluster: Cluster = host.data.cluster

server.hostname(name="Base: the host has its name", hostname=host.name)

names = "".join(f"{member.address} {name}\n" for name, member in cluster.hosts.items())
files = [
    stamp_program(),
    ManagedFile(
        path="/etc/hosts",
        content=f"# Managed by hatui.\n127.0.0.1 localhost\n::1 localhost ip6-localhost\n{names}".encode(),
    ),
]
# Both balancers bind the VIP, whoever owns it (kernel documentation, ip-sysctl: ip_nonlocal_bind).
parameters = {"net.ipv4.ip_nonlocal_bind": "1"} if Role.HAPROXY in host.groups else {}
if parameters:
    lines = "".join(f"{key} = {value}\n" for key, value in parameters.items())
    files.append(ManagedFile(path="/etc/sysctl.d/60-hatui.conf", content=f"# Managed by hatui.\n{lines}".encode()))
managed(name="Base: names, helper program, kernel parameters", files=files)

if parameters:
    applied(name="Base: kernel parameters are in force", parameters=parameters)
