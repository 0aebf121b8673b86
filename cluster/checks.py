"""What must hold of a cluster; a `Mistake` for each thing that does not.

Every check is a pure function of the `Cluster`. Those of a layer's own settings and hosts are in its description; here
are those of what all layers share: names, addresses, ssh, secrets.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from cluster.checking import named
from cluster.layer import Layer
from cluster.layers import LAYERS, wanted
from cluster.reading import Mistake, foreign, place, shown
from cluster.releases import RELEASES
from cluster.spec import Cluster

_SECRETS = ("bmc", "corosync_authkey", "haproxy_stats", "probe", "rabbitmq_admin", "rabbitmq_cookie", "rabbitmq_watch")


def _with(layers: Iterable[Layer]) -> tuple[str, ...]:
    """Those, and the layers' own; each once."""
    return tuple(dict.fromkeys([*_SECRETS, *(name for layer in layers for name in layer.secrets)]))


SECRETS = _with(LAYERS)
"""The secrets that a deploy may ask for."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_PATH = re.compile(r"~?/[A-Za-z0-9_./@+-]+", re.ASCII)
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def secrets_of(cluster: Cluster) -> tuple[str, ...]:
    """The secrets that a deploy of this cluster asks for."""
    layers = wanted(cluster)
    return tuple(dict.fromkeys([*_with(layers), *(name for layer in layers for name in layer.given(cluster))]))


def mistakes(cluster: Cluster) -> Iterator[Mistake]:
    """Everything that is wrong with `cluster`."""
    yield from _names(cluster)
    yield from _addresses(cluster)
    yield from _ssh(cluster)
    for layer in LAYERS:
        yield from layer.checks(cluster)
    yield from _secrets(cluster)


def _names(cluster: Cluster) -> Iterator[Mistake]:
    yield from named("name", cluster.name)
    if cluster.release not in RELEASES:
        known = " or ".join(f"{name} ({title})" for name, title in RELEASES.items())
        yield Mistake("release", f"is {shown(cluster.release)}: it must be {known}.")
    for name, host in cluster.hosts.items():
        key = place("hosts", host.role, name)
        if not _LABEL.fullmatch(name):
            yield Mistake(
                key,
                "has no name that a host can have: it must be 1 to 63 of a-z, 0-9 and -, "
                "with - neither first nor last (RFC 1123).",
                foreign(name),
            )
        elif name.isdigit() or name == "localhost":
            yield Mistake(key, f"is a name that programs take for an address: choose one such as {host.role}1.")


def _addresses(cluster: Cluster) -> Iterator[Mistake]:
    network = _network(cluster.network)
    if network is None:
        yield Mistake(
            "network", f"is {shown(cluster.network)}: it must be an IPv4 network such as 192.168.47.0/24, of /8 to /30."
        )
    named = {place("hosts", host.role, name): host.address for name, host in cluster.hosts.items()}
    named |= {"keepalived.vip": cluster.keepalived.vip, "pacemaker.vip": cluster.pacemaker.vip}
    seen: dict[str, str] = {}
    for key, text in named.items():
        try:
            address = IPv4Address(text)
        except AddressValueError:
            yield Mistake(key, f"is {shown(text)}: it must be an IPv4 address, such as 192.168.47.120.")
            continue
        if network and address not in network:
            yield Mistake(key, f"is {text}: it must be in the network {network}.")
        elif network and address in (network.network_address, network.broadcast_address):
            yield Mistake(key, f"is {text}: the first and the last address of {network} belong to no host.")
        if text in seen:
            yield Mistake(
                key, f"is {text}, which {seen[text]} has already: each host and each VIP needs its own address."
            )
        seen.setdefault(text, key)
    yield from _bmc_addresses(cluster, seen)


def _network(text: str) -> IPv4Network | None:
    try:
        network = IPv4Network(text)
    except ValueError:
        return None
    # The last three octets number HAProxy's servers. A netmask instead of a length would not be IPv4Network's own text.
    return network if 8 <= network.prefixlen <= 30 and text == str(network) else None


def _bmc_addresses(cluster: Cluster, seen: dict[str, str]) -> Iterator[Mistake]:
    devices: dict[tuple[str, int], str] = {}
    for name, device in cluster.pacemaker.fencing.items():
        key = f"{place('pacemaker', 'fencing', name)}.address"
        try:
            IPv4Address(device.address)
        except AddressValueError:
            yield Mistake(key, f"is {shown(device.address)}: it must be the IPv4 address of the controller's BMC.")
            continue
        if device.address in seen:
            yield Mistake(
                key, f"is {device.address}, which {seen[device.address]} has: a BMC has an address of its own."
            )
        other = devices.setdefault((device.address, device.port), name)
        if other != name:
            has = f"{device.address}, port {device.port}"
            yield Mistake(key, f"is {has}, which {place(other)} has: fencing one would fence the other.")


def _ssh(cluster: Cluster) -> Iterator[Mistake]:
    ssh = cluster.ssh
    if not _USER.fullmatch(ssh.user):
        yield Mistake("ssh.user", f"is {shown(ssh.user)}: it must be the name of a user on the hosts, such as root.")
    for key, path in (("ssh.key", ssh.key), ("ssh.known_hosts", ssh.known_hosts)):
        if path is not None and not _PATH.fullmatch(path):
            yield Mistake(
                key, f"is {shown(path)}: it must be a path from / or ~/, of letters, digits and _ . / @ + - only."
            )
    if not 1 <= ssh.port <= 65535:
        yield Mistake("ssh.port", f"is {ssh.port}: it must be from 1 to 65535.")


def _secrets(cluster: Cluster) -> Iterator[Mistake]:
    # A source may be a secret that was written in the wrong place: it is never shown.
    for name, source in cluster.secrets.items():
        key = place("secrets", name)
        asked = secrets_of(cluster)
        if name not in SECRETS and name not in asked:
            known = ", ".join(asked)
            yield Mistake(key, f"is no secret that hatui knows: there are {known}.", foreign(name))
        kind, _, rest = source.partition(":")
        if not rest.isprintable():
            yield Mistake(
                key, "holds a control character: it must be file:/path, env:NAME or command:program arguments."
            )
        elif not (
            (kind == "file" and rest.startswith("/"))
            or (kind == "env" and _VARIABLE.fullmatch(rest))
            or (kind == "command" and _splits(rest))
        ):
            yield Mistake(
                key,
                "names no source (what it holds is not shown): it must be "
                "file:/path, env:NAME or command:program arguments, never the secret itself.",
            )


def _splits(command: str) -> bool:
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False
