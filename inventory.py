"""The reference topology, in the lab on this machine. For your own hosts: copy it and edit DATA (docs/inventory.md)."""

import json
import os
from pathlib import Path

from cluster.spec import Role
from deploy.inventory import cluster_of, members

SUBNET = os.environ.get("HALAB_SUBNET", "192.168.47.0/24")
"""The lab's network; more than one lab can be up."""
PREFIX = SUBNET.rpartition(".")[0]
LAB = f"/var/lib/halab/{SUBNET.replace('/', '_')}"
UP = Path(LAB, "lab.json")
NOTED = json.loads(UP.read_text()) if UP.exists() else {}
"""Of the lab while it is up: its release, and whether it is to have OpenStack, and horizon (`halab up`)."""

OPENSTACK = {
    "keystone": {},
    "placement": {},
    "glance": {"folder": "/var/lib/shared/images", "shared": True},
    "nova": {},
    "neutron": {},
    "cinder": {},
    # Open vSwitch's own datapath needs no module of the kernel; ext0 is a cable between the two nodes.
    "agents": {"physical": "physnet1:ext0", "vlans": "physnet1:100:199", "datapath": "netdev"},
}

DATA = {
    "name": f"lab-{PREFIX}.0",
    "network": SUBNET,
    "release": NOTED.get("release", "trixie"),
    "hosts": {
        "haproxy": {"haproxy1": f"{PREFIX}.120", "haproxy2": f"{PREFIX}.121"},
        "galera": {"mysql1": f"{PREFIX}.125", "mysql2": f"{PREFIX}.126", "mysql3": f"{PREFIX}.127"},
        "controller": {"cc01": f"{PREFIX}.100", "cc02": f"{PREFIX}.101", "cc03": f"{PREFIX}.102"},
        "network": {"net01": f"{PREFIX}.110", "net02": f"{PREFIX}.111"},
    },
    "ssh": {"user": "root", "key": f"{LAB}/ssh/id_ed25519", "known_hosts": f"{LAB}/ssh/known_hosts"},
    "keepalived": {
        "vip": f"{PREFIX}.47",
        "virtual_router_id": 120,
        "priorities": {"haproxy1": 111, "haproxy2": 110},
    },
    "pacemaker": {
        "vip": f"{PREFIX}.48",
        "fencing": {
            "cc01": {"address": f"{PREFIX}.200", "user": "halab"},
            "cc02": {"address": f"{PREFIX}.201", "user": "halab"},
            "cc03": {"address": f"{PREFIX}.202", "user": "halab"},
            # Of use where Pacemaker keeps the agents (agents.availability).
            "net01": {"address": f"{PREFIX}.210", "user": "halab"},
            "net02": {"address": f"{PREFIX}.211", "user": "halab"},
        },
    },
    "secrets": {"bmc": f"file:{LAB}/bmc/password"},
    **(OPENSTACK if NOTED.get("openstack") else {}),
    **({"horizon": {"processes": 1}} if NOTED.get("horizon") else {}),
}

CLUSTER = cluster_of(DATA)
haproxy, galera, controller, network = (members(CLUSTER, role) for role in Role)
