"""Nodes: away, on their way, and kept from running anything."""

from __future__ import annotations

from tests.unit.cib_cases.case import FAIL, WARN, Case, api, dead, gone, without
from tests.unit.cibs import NODES, VIP_RESOURCE, Node, at, but, cluster

CASES = (
    Case(
        "a node left",
        cluster(base=without("cc02"), nodes=gone("cc02")),
        WARN,
        ("cc02 is offline",),
        ("unclean",),
        rest=False,
        drain=False,
    ),
    Case(
        "the one to be drained left",
        cluster(base=without("cc03"), nodes=gone("cc03")),
        WARN,
        ("cc03 is offline",),
        rest=False,
    ),
    Case(
        "a node is lost",
        cluster(base=without("cc02"), nodes=dead("cc02")),
        WARN,
        ("cc02 is unclean, to be fenced",),
        ("offline", "FAIL"),
        rest=False,
        drain=False,
    ),
    Case(
        "a resource on a lost node",
        cluster(api(*at("cc02")), base=without("cc02"), nodes=dead("cc02")),
        FAIL,
        ("api was on cc02, unclean: it is not recovered until cc02 is fenced",),
        ("vip",),
        rest=False,
        drain=False,
    ),
    Case(
        "a device that was watched on a lost node",
        cluster(nodes=dead("cc02")),
        WARN,
        ("cc02 is unclean",),
        ("fence-",),
        rest=False,
        drain=False,
    ),
    Case(
        "the VIP was on a lost node",
        cluster(base=(VIP_RESOURCE, *without("cc01")[1:]), nodes=dead("cc01"), dc="2"),
        FAIL,
        ("vip was on cc01, unclean",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node without fencing is lost",
        cluster(base=without("cc02"), nodes=dead("cc02"), options={"stonith-enabled": "false"}),
        WARN,
        ("cc02 is offline", "unfenced"),
        ("unclean",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node joins",
        cluster(base=without("cc02"), nodes=but("cc02", pending=True)),
        WARN,
        ("cc02 is joining",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node shuts down",
        cluster(nodes=but("cc02", passing={"shutdown": "1700000000"})),
        WARN,
        ("cc02 is shutting down",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node in red health",
        cluster(nodes=but("cc02", passing={"#health-disk": "red"}), options={"node-health-strategy": "only-green"}),
        WARN,
        ("cc02 is in red health",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node in yellow health",
        cluster(
            nodes=but("cc02", passing={"#health-disk": "yellow"}), options={"node-health-strategy": "migrate-on-red"}
        ),
        WARN,
        ("cc02 is in yellow health",),
    ),
    Case(
        "a node that never came",
        cluster(nodes=(*NODES, Node("node1", online=False, expected=False))),
        WARN,
        ("node1 is offline",),
        rest=False,
        drain=False,
    ),
    Case(
        "no quorum",
        cluster(quorum=False),
        FAIL,
        ("none of 3 controllers is in a cluster with quorum",),
        rest=False,
        drain=False,
    ),
    Case(
        "no DC", cluster(dc=""), FAIL, ("none of 3 controllers is in a cluster with quorum",), rest=False, drain=False
    ),
    Case(
        "waits for a node that was shut down",
        cluster(api(lock="cc02"), base=without("cc02"), nodes=gone("cc02"), options={"shutdown-lock": "true"}),
        WARN,
        ("cc02 is offline", "api waits for cc02"),
        ("nowhere",),
        rest=False,
        drain=False,
    ),
)
