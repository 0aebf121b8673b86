"""Every host: it has its name, knows the others by theirs, and keeps hatui's small helper program."""

from functools import partial

from pyinfra import host
from pyinfra.operations import server

from cluster.spec import Cluster, Role
from deploy.names import hosts_file, others
from operations.amended import amended
from operations.files import ManagedFile, managed
from operations.kernel import applied
from operations.lock import unlocked
from operations.service import stamp_program

unlocked(name="Base: nobody else changes the cluster")

cluster: Cluster = host.data.cluster

server.hostname(name="Base: the host has its name", hostname=host.name)

addresses = {name: member.address for name, member in cluster.hosts.items()}
amended(
    name="Base: the host knows the others by their names",
    path="/etc/hosts",
    amend=partial(hosts_file, hosts=addresses),
    says_else=partial(others, hosts=addresses),
)

files = [stamp_program()]
# Both balancers bind the VIP, whoever owns it (kernel documentation, ip-sysctl: ip_nonlocal_bind).
parameters = {"net.ipv4.ip_nonlocal_bind": "1"} if Role.HAPROXY in host.groups else {}
if parameters:
    lines = "".join(f"{key} = {value}\n" for key, value in parameters.items())
    files.append(ManagedFile(path="/etc/sysctl.d/60-hatui.conf", content=f"# Managed by hatui.\n{lines}".encode()))
managed(name="Base: helper program, kernel parameters", files=files)

if parameters:
    applied(name="Base: kernel parameters are in force", parameters=parameters)
