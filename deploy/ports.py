"""The packet filter on every host: tried under a timer that takes it back, and kept once the host is reached anew."""

from pyinfra import host

from cluster.layers.ports import PORTS
from cluster.ports.names import CONFIG, FORMER, TABLE, UNIT, UNIT_FILE
from cluster.ports.rules import guarded
from cluster.spec import Cluster
from deploy.rendering import render
from facts.base import drop_in_path
from operations.files import ManagedFile, absent, managed
from operations.lock import unlocked
from operations.packages import installed
from operations.ports import gone, tried
from operations.service import drop_in, stamp_lines

unlocked(name="Ports: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
ports = guarded(cluster, host.name)

if ports:
    installed(name="Ports: packages", packages=PORTS.packages(cluster))
    managed(
        name="Ports: the rules",
        files=[
            ManagedFile(CONFIG, render("ports.nft.j2", table=TABLE, ports=ports), mode="0644", check="nft -c -f {}"),
            ManagedFile(UNIT_FILE, render("hatui-ports.service.j2", table=TABLE, config=CONFIG, former=FORMER)),
            drop_in(UNIT, stamp_lines(UNIT, (CONFIG,), reloads=True)),
        ],
    )
    tried(name="Ports: the rules are in force", address=cluster.address(host.name), port=cluster.ssh.port)
else:
    gone(name="Ports: no rule is in force")
    absent(name="Ports: no rules", paths=[CONFIG, UNIT_FILE, drop_in_path(UNIT)])
