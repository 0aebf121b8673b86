"""Who is in a lab and where: hosts, addresses, names of things in the kernel, places on disk. No I/O."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path

from lab.errors import LabError

DEFAULT_SUBNET = "192.168.47.0/24"
"""The addresses of the reference topology."""

RELEASES = ("trixie", "bookworm")
"""Debian 13 and Debian 12; the first is the default."""

HOSTS: dict[str, int] = {
    "haproxy1": 120,
    "haproxy2": 121,
    "mysql1": 125,
    "mysql2": 126,
    "mysql3": 127,
    "cc01": 100,
    "cc02": 101,
    "cc03": 102,
    "net01": 110,
    "net02": 111,
    "cmp01": 130,
}
"""Last octet of each host's address."""

ROLES: dict[str, str] = {
    "cc01": "controller",
    "cc02": "controller",
    "cc03": "controller",
    "net01": "network",
    "net02": "network",
    "cmp01": "compute",
}
"""What a host is for, if with OpenStack it has packages of its own for that."""

SECOND = "ext0"
"""The interface that network nodes have besides host0, without an address."""

MACHINE_OCTET = 1
BMC_OFFSET = 100
"""A host's BMC answers on the host's last octet plus this."""

STATE_ROOT = Path("/var/lib/halab")
CACHE_ROOT = Path("/var/cache/halab")

_PRIVATE = tuple(IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab; its subnet is its identity, and nothing of it is shared with another lab but the cache."""

    subnet: IPv4Network

    @property
    def slug(self) -> str:
        return str(self.subnet).replace("/", "_")

    @property
    def state(self) -> Path:
        return STATE_ROOT / self.slug

    @property
    def netns(self) -> str:
        return f"halab-{self.slug}"

    @property
    def netns_path(self) -> Path:
        return Path("/run/netns") / self.netns

    @property
    def veth(self) -> str:
        """The machine's end of the cable into the lab; at most 15 characters (IFNAMSIZ)."""
        return f"hl-{int(self.subnet.network_address):08x}"

    @property
    def machine(self) -> IPv4Address:
        return self.subnet.network_address + MACHINE_OCTET

    @property
    def ssh_dir(self) -> Path:
        return self.state / "ssh"

    @property
    def bmc_dir(self) -> Path:
        return self.state / "bmc"

    @property
    def config(self) -> Path:
        return self.state / "lab.json"

    def address(self, host: str) -> IPv4Address:
        return self.subnet.network_address + HOSTS[host]

    def bmc_address(self, host: str) -> IPv4Address:
        return self.address(host) + BMC_OFFSET

    def host_dir(self, host: str) -> Path:
        return self.state / "hosts" / host


def port(host: str) -> str:
    """The name of `host`'s port on the lab's bridge, as systemd-nspawn(1) --network-bridge= gives it."""
    return f"vb-{host}"


def parse_subnet(text: str) -> Lab:
    """The lab that `text` (such as ``192.168.47.0/24``) names.

    Raises LabError if it is not a private IPv4 /24 (RFC 1918): the hosts' last octets are fixed.
    """
    try:
        net = ip_network(text)
    except ValueError as why:
        raise LabError(f"the subnet {text!r} is not a network ({why}); give one such as {DEFAULT_SUBNET}") from why
    if not isinstance(net, IPv4Network) or net.prefixlen != 24:
        raise LabError(f"the subnet {text} is not an IPv4 /24, which the lab needs; give one such as {DEFAULT_SUBNET}")
    if not any(net.subnet_of(private) for private in _PRIVATE):
        raise LabError(
            f"the subnet {text} is not private (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16); "
            f"give one such as {DEFAULT_SUBNET}"
        )
    return Lab(net)


def hosts_of(openstack: bool) -> tuple[str, ...]:
    """The hosts of a lab that is to have OpenStack, or not: without it there is nothing to compute."""
    return tuple(host for host in HOSTS if openstack or ROLES.get(host) != "compute")


def check_hosts(names: Iterable[str], there: Collection[str]) -> list[str]:
    """`names` without repeats, in order; LabError names the first that is not among those that the lab has."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in there and name in HOSTS:
            raise LabError(f"the lab has no host {name!r}: only one for OpenStack has it (`halab up --openstack`)")
        if name not in there:
            near = difflib.get_close_matches(name, there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(there)}"
            raise LabError(f"the lab has no host {name!r}: {hint}")
    return wanted
