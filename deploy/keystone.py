"""Keystone on all controllers, where the inventory has it: tables and keys once, then the process, then its users."""

from functools import partial

from pyinfra import host

from cluster.layers.keystone import KEYSTONE
from cluster.openstack.keystone import CONFIG, UNIT, keystone_of, url
from cluster.spec import Cluster, Role
from deploy.keystone_files import SYNC_USER, SYNCS, USER, WORKS, forms, keystone_files, own_url, settings
from deploy.secrets import secret
from operations.accounts import WantedAccount, accounts
from operations.amended import amended
from operations.files import managed
from operations.hosts import conducts
from operations.ini import told, with_keys
from operations.keystone import answering, rolled
from operations.keystone_made import keys_shared, tables_made
from operations.keystone_users import Introduction, introduced
from operations.lock import unlocked
from operations.packages import installed
from operations.service import running

unlocked(name="Keystone: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
wanted = KEYSTONE.wanted(cluster)
controllers = cluster.names(Role.CONTROLLER)
leads = wanted and conducts(controllers)

if wanted and Role.CONTROLLER in host.groups:
    keys = settings(cluster)
    installed(name="Keystone: packages", packages=KEYSTONE.packages(cluster))
    amended(
        name="Keystone: its settings",
        path=CONFIG,
        amend=partial(with_keys, path=CONFIG, wanted=keys),
        what=partial(told, path=CONFIG, wanted=keys),
        group="keystone",
        secrets=forms(secret(cluster, "keystone_database")),
    )
    managed(name="Keystone: how it is served and asked", files=keystone_files(cluster, host.name))

if leads:
    passwords = {USER: secret(cluster, "keystone_database"), SYNC_USER: secret(cluster, "keystone_sync")}
    accounts(
        name="Keystone: its database",
        hosts=list(cluster.names(Role.GALERA)),
        wanted=[
            # The server sees the balancers as its clients.
            WantedAccount(
                user,
                cluster.address(balancer),
                password=passwords[user],
                own_database=privileges,
                database="keystone",
                charset="utf8mb3",
            )
            for balancer in cluster.names(Role.HAPROXY)
            for user, privileges in ((USER, WORKS), (SYNC_USER, SYNCS))
        ],
    )
    keys_shared(name="Keystone: the same keys on all controllers", hosts=list(controllers))
    tables_made(name="Keystone: its tables", hosts=list(controllers), nodes=list(cluster.names(Role.GALERA)))

if wanted and Role.CONTROLLER in host.groups:
    running(name="Keystone: it runs", units=[UNIT])

if leads:
    answering(name="Keystone: it answers", hosts=list(controllers))
    introduced(
        name="Keystone: its users and its address",
        wanted=Introduction(
            host=host.name,
            base=f"{own_url(cluster, host.name)}/v3",
            url=url(cluster),
            region=keystone_of(cluster).region,
            admin=secret(cluster, "keystone_admin"),
            watch=secret(cluster, "keystone_watch"),
            nodes=cluster.names(Role.GALERA),
        ),
    )
    rolled(
        name="Keystone: restart what runs with former settings",
        hosts=list(controllers),
        balancers=list(cluster.names(Role.HAPROXY)),
    )
