"""The database: a Galera cluster, created only on evidence that none exists, changed one node at a time."""

from pyinfra import host
from pyinfra.operations import server

from cluster.galera.names import CHECK_UNIT, GARB_PACKAGES
from cluster.layers.galera import GALERA
from cluster.names import PROBE_ACCOUNT
from cluster.spec import Cluster, Role
from deploy.galera_files import CHECK_USER, arbitrator_files, node_files
from deploy.secrets import secret
from operations.accounts import WantedAccount, accounts
from operations.files import managed
from operations.galera import created, joined
from operations.galera_nodes import rolled
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.service import running
from operations.writer import settled

unlocked(name="Galera: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
nodes = {name: cluster.address(name) for name in cluster.names(Role.GALERA)}
arbitrator = cluster.galera.arbitrator
leads = conducts([*nodes, *([arbitrator] if arbitrator else [])])

if Role.GALERA in host.groups:
    installed(name="Galera: packages", packages=GALERA.packages(cluster))
    server.user(  # noqa: S604 (the user's login shell)
        name="Galera: the health responder's user",
        user=CHECK_USER,
        system=True,
        shell="/usr/sbin/nologin",
        home="/nonexistent",
        ensure_home=False,
    )
    managed(name="Galera: settings and health responder", files=node_files(cluster, host.name))

if host.name == arbitrator:
    installed(name="Galera: the arbitrator's package", packages=GARB_PACKAGES)
    managed(name="Galera: the arbitrator's settings", files=arbitrator_files(cluster, host.name))

if leads:
    created(name="Galera: a Primary component", hosts=list(nodes))
    accounts(
        name="Galera: accounts",
        hosts=list(nodes),
        wanted=[
            # What mariabackup needs as a donor (MariaDB documentation, "mariadb-backup SST Method").
            WantedAccount(
                "mysql",
                "localhost",
                privileges=frozenset({"RELOAD", "PROCESS", "LOCK TABLES", "BINLOG MONITOR", "SLAVE MONITOR"}),
            ),
            # Its own row shows whether the server takes writes.
            WantedAccount(CHECK_USER, "localhost", own_databases=frozenset({"SELECT", "INSERT", "DELETE", "CREATE"})),
            # The server sees the balancers as its clients.
            *(
                WantedAccount(
                    PROBE_ACCOUNT,
                    cluster.address(balancer),
                    password=secret(cluster, "probe"),
                    own_databases=frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX"}),
                )
                for balancer in cluster.names(Role.HAPROXY)
            ),
        ],
    )
    joined(name="Galera: all members", hosts=list(nodes), arbitrator=arbitrator)

if Role.GALERA in host.groups:
    running(name="Galera: the health responder runs", units=[CHECK_UNIT])

if leads:
    rolled(
        name="Galera: restart what runs with former settings",
        hosts=nodes,
        arbitrator=arbitrator,
        balancers=cluster.names(Role.HAPROXY),
        vip=cluster.keepalived.vip,
    )
    if cluster.haproxy.single_writer:
        settled(
            name="Galera: the balancers have a writer",
            nodes=list(nodes),
            balancers=cluster.names(Role.HAPROXY),
            vip=cluster.keepalived.vip,
        )
