"""What the trees of a lab are made for, and the packages that each of them needs."""

from __future__ import annotations

from dataclasses import dataclass

BASE_PACKAGES = (
    "apt",
    "ca-certificates",
    "dbus",
    "iproute2",
    "openssh-server",
    "perl",
    "procps",
    "python3",
    "sudo",
    "systemd-sysv",
)
"""What a host has before anything is deployed."""

_FENCING = {"bookworm": ("fence-agents", "ipmitool"), "trixie": ("fence-agents-ipmilan", "ipmitool")}
_CLUSTER = ("corosync", "crmsh", "curl", "nftables", "pacemaker", "pacemaker-cli-utils", "resource-agents")
_LAYERS = (
    *_CLUSTER,
    "galera-4",
    "galera-arbitrator-4",
    "haproxy",
    "ipvsadm",
    "keepalived",
    "mariadb-backup",
    "mariadb-client",
    "mariadb-server",
    "memcached",
    "nginx-light",
    "python3",
    "python3-pymysql",
    "rabbitmq-server",
    "rsync",
    "socat",
)
LAYER_PACKAGES: dict[str, tuple[str, ...]] = {release: (*_LAYERS, *fencing) for release, fencing in _FENCING.items()}
"""What deploys may install, by release: the same but for the packages that Debian split."""

_CONTROLLER = (
    *_CLUSTER,
    "cinder-api",
    "cinder-scheduler",
    "cinder-volume",
    "glance-api",
    "keystone",
    "memcached",
    "neutron-api",
    "neutron-rpc-server",
    "nova-api",
    "nova-conductor",
    "nova-consoleproxy",
    "nova-scheduler",
    "placement-api",
    "python3-memcache",
    "python3-openstackclient",
    "python3-pymysql",
    "rabbitmq-server",
)
_NETWORK = (
    *_CLUSTER,
    "conntrack",
    "dnsmasq-base",
    "ethtool",
    "haproxy",
    "ipset",
    "iptables",
    "iputils-arping",
    "keepalived",
    "neutron-dhcp-agent",
    "neutron-l3-agent",
    "neutron-metadata-agent",
    "neutron-openvswitch-agent",
    "openvswitch-switch",
    "radvd",
)
_HORIZON = ("openstack-dashboard-apache", "python3-pymemcache")
# Of the packages that nova-compute can do with, this one alone brings no hypervisor; the fake driver needs none.
_COMPUTE = ("curl", "nftables", "nova-compute", "nova-compute-ironic")

ROLE_PACKAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "bookworm": {
        "controller": (*_CONTROLLER, *_FENCING["bookworm"]),
        "network": (*_NETWORK, *_FENCING["bookworm"]),
        "compute": _COMPUTE,
    },
    # What one process of Neutron's did on Debian 12, two packages do here.
    "trixie": {
        "controller": (*_CONTROLLER, *_FENCING["trixie"], "neutron-periodic-workers"),
        "network": (*_NETWORK, *_FENCING["trixie"]),
        "compute": _COMPUTE,
    },
}
"""What the hosts of a role have installed before anything is deployed, where a lab is to have OpenStack; by release."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the trees of a lab are made for; those of each kind are kept apart."""

    release: str
    openstack: bool = False
    horizon: bool = False
    """With OpenStack's, the controllers have horizon's packages too: what it makes of them when they are installed
    takes two minutes."""

    @property
    def label(self) -> str:
        """As in the names of the trees."""
        return f"{self.release}{'+openstack' * self.openstack}{'+horizon' * self.horizon}"

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """The roles whose hosts stand on more than the base, and what they have installed."""
        if not self.openstack:
            return {}
        found = ROLE_PACKAGES[self.release]
        return {**found, "controller": (*found["controller"], *_HORIZON)} if self.horizon else found

    @property
    def packages(self) -> tuple[str, ...]:
        """All that its repository must have, with what they need."""
        of_roles = [package for packages in self.roles.values() for package in packages]
        return (*BASE_PACKAGES, *LAYER_PACKAGES[self.release], *of_roles)
