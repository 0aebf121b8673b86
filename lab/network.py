"""The lab's network: a namespace with a bridge, one cable to the machine, and no way out of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from lab.errors import LabError
from lab.shell import run
from lab.topology import Lab

BRIDGE = "br0"
UPLINK = "uplink"
"""The bridge's port towards the machine."""

GUARD_METRIC = 4294967290
"""Metric of the unreachable route: any route that the lab itself makes wins over it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of `ip -j route show table all`, as far as it matters here."""

    net: IPv4Network
    kind: str
    dev: str
    metric: int
    text: str


def parse_routes(text: str) -> list[Route]:
    """The IPv4 routes in the JSON of `ip -4 -j route show table all`; the default route is left out."""
    routes = []
    for line in json.loads(text or "[]"):
        if line.get("dst", "default") == "default":
            continue
        dev = line.get("dev", "")
        said = [line["dst"], *(["via", line["gateway"]] if "gateway" in line else []), *(["dev", dev] if dev else [])]
        net = IPv4Network(line["dst"], strict=False)
        if net.prefixlen == 0:
            continue
        routes.append(Route(net, line.get("type", "unicast"), dev, int(line.get("metric", 0)), " ".join(said)))
    return routes


def foreign_route(lab: Lab, routes: Iterable[Route]) -> str | None:
    """The first route into the lab's subnet that is not the lab's own, or None if it is free."""
    for route in routes:
        ours = route.dev == lab.veth or _is_guard(lab, route)
        if not ours and route.net.overlaps(lab.subnet):
            return route.text
    return None


def _is_guard(lab: Lab, route: Route) -> bool:
    return route.kind == "unreachable" and route.net == lab.subnet and route.metric == GUARD_METRIC


def read_routes() -> list[Route]:
    return parse_routes(run(["ip", "-4", "-j", "route", "show", "table", "all"]))


def guard(lab: Lab) -> None:
    """Make the lab's subnet unreachable for this machine, for all the time in which the lab is down.

    It is put in place before anything else and never taken away, so that no packet for a host of the lab goes
    to the machine's default gateway. Raises LabError if the machine uses the subnet for something else.
    """
    routes = read_routes()
    if taken := foreign_route(lab, routes):
        raise LabError(
            f"this machine already has a route into {lab.subnet}: {taken}; "
            f"choose another network with --subnet, such as --subnet {_free_subnet(routes)}"
        )
    if not any(_is_guard(lab, route) for route in routes):
        run(["ip", "route", "add", "unreachable", str(lab.subnet), "metric", str(GUARD_METRIC)])


def _free_subnet(routes: Iterable[Route]) -> IPv4Network:
    known = list(routes)
    candidates = (IPv4Network((0xC0A80000 + (third << 8), 24)) for third in range(48, 255))
    return next(net for net in candidates if not any(net.overlaps(route.net) for route in known))


def exists(lab: Lab) -> bool:
    return lab.netns_path.exists()


def build(lab: Lab, hosts: Iterable[str]) -> None:
    """Make the namespace, its bridge, the addresses of the BMCs of `hosts` and the cable: all of it or nothing.

    Raises LabError if the kernel lacks what it is made of.
    """
    inside = [
        f"link add {BRIDGE} address {_bridge_mac(lab)} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        "link set lo up",
        f"link set {BRIDGE} up",
        f"route add {lab.subnet} dev {BRIDGE}",
        *(f"address add {lab.bmc_address(host)}/32 dev {BRIDGE}" for host in hosts),
    ]
    cable = ["type", "veth", "peer", "name", UPLINK, "netns", lab.netns]
    try:
        _kernel("network namespaces", ["ip", "netns", "add", lab.netns])
        _kernel("bridges", ["ip", "-n", lab.netns, "-batch", "-"], "\n".join(inside))
        _kernel("veth pairs", ["ip", "link", "add", lab.veth, *cable])
        run(["ip", "-n", lab.netns, "link", "set", UPLINK, "master", BRIDGE, "up"])
        run(["ip", "address", "add", f"{lab.machine}/{lab.subnet.prefixlen}", "dev", lab.veth])
        run(["ip", "link", "set", lab.veth, "up"])
    except BaseException:
        remove(lab)
        raise


def _kernel(what: str, argv: list[str], stdin: str | None = None) -> None:
    try:
        run(argv, stdin=stdin)
    except LabError as why:
        raise LabError(f"this machine's kernel can't make {what}, which the lab's network needs: {why}") from why


def _bridge_mac(lab: Lab) -> str:
    """A fixed MAC for the bridge (locally administered).

    Left alone, a bridge takes the lowest of its ports' MACs, and a host that loses power takes the BMCs' MAC with it.
    """
    return ":".join(f"{byte:02x}" for byte in (0x02, 0x68, *lab.subnet.network_address.packed))


def remove(lab: Lab) -> None:
    """Remove the namespace and the cable; the unreachable route stays."""
    run(["ip", "link", "delete", lab.veth], check=False)
    if exists(lab):
        run(["ip", "netns", "delete", lab.netns])


def inside(lab: Lab, argv: Iterable[str]) -> list[str]:
    """`argv`, to be run in the lab's network namespace.

    nsenter(1) and not `ip netns exec`: that one hides /sys/fs/cgroup, and systemd-nspawn needs it.
    """
    return ["nsenter", f"--net={lab.netns_path}", *argv]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """A small environment for what lives longer than the command that starts it."""
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **extra}
