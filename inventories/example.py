"""A cluster on hosts of one's own: copy this file, change what differs (docs/inventory.md has every key)."""

from cluster.spec import Role
from deploy.inventory import cluster_of, members

DATA = {
    "name": "example",
    "network": "192.0.2.0/24",
    "release": "bookworm",
    "hosts": {
        "haproxy": {"lb1": "192.0.2.11", "lb2": "192.0.2.12"},
        "galera": {"db1": "192.0.2.21", "db2": "192.0.2.22", "db3": "192.0.2.23"},
        "controller": {"ctl1": "192.0.2.31", "ctl2": "192.0.2.32", "ctl3": "192.0.2.33"},
        "network": {},
    },
    "ssh": {"user": "root", "key": "~/.ssh/id_ed25519"},
    "keepalived": {
        "vip": "192.0.2.10",
        "virtual_router_id": 51,
        "priorities": {"lb1": 111, "lb2": 110},
        "advert_interval": 0.1,
    },
    "haproxy": {"database_port": 3306, "queue_port": 5670, "stats_port": 80},
    "galera": {"cluster_name": "example", "settings": {"max_connections": 1000, "gcache.size": "2G"}},
    "rabbitmq": {"partition_handling": "pause_minority"},
    "corosync": {"cluster_name": "example", "token_ms": 1000},
    "pacemaker": {
        "vip": "192.0.2.30",
        "fencing": {
            "ctl1": {"address": "198.51.100.31", "user": "fence"},
            "ctl2": {"address": "198.51.100.32", "user": "fence"},
            "ctl3": {"address": "198.51.100.33", "user": "fence"},
        },
    },
    # The password of the BMCs; this one comes from the environment of whoever runs hatui.
    "secrets": {"bmc": "env:BMC_PASSWORD"},
}

CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
