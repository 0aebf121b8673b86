"""Resources that do not run as they should, and those that were set so by hand."""

from __future__ import annotations

from tests.unit.cib_cases.case import FAIL, OFF, OK, WARN, Case, api, off, web, without
from tests.unit.cibs import UNDER_WAY, Group, Op, Primitive, at, but, cluster, failed

CASES = (
    Case("whole", cluster(), OK, lacks=("cc",)),
    Case("a resource more", cluster(api(*at("cc02"))), OK),
    Case("a resource that runs nowhere", cluster(api()), FAIL, ("api runs nowhere",), rest=False),
    Case(
        "a resource that failed", cluster(api(*failed("cc02"))), FAIL, ("api failed on cc02",), rest=False, drain=False
    ),
    Case(
        "a failure that is ignored",
        cluster(api(*failed("cc02"), monitor="ignore")),
        WARN,
        ("api failed on cc02, which its configuration ignores",),
        rest=False,
    ),
    Case(
        "a resource that can't be stopped, and its node is to be fenced",
        cluster(api(Op("cc02"), Op("cc02", "stop", rc=1))),
        FAIL,
        ("cc02 is unclean", "api failed on cc02"),
        rest=False,
        drain=False,
    ),
    Case(
        "a resource that can't be stopped, without fencing",
        cluster(api(Op("cc02"), Op("cc02", "stop", rc=1)), options={"stonith-enabled": "false"}),
        FAIL,
        ("api is blocked on cc02", "unfenced"),
        rest=False,
        drain=False,
    ),
    Case(
        "a resource on two nodes",
        cluster(api(*at("cc01", "cc02"))),
        FAIL,
        ("api runs on 2 nodes: cc01, cc02",),
        rest=False,
        drain=False,
    ),
    Case(
        "a resource that is starting",
        cluster(api(Op("cc02", rc=UNDER_WAY))),
        WARN,
        ("api is starting on cc02",),
        rest=False,
    ),
    # Set so by hand.
    Case("disabled", cluster(api(meta=OFF)), WARN, ("api is disabled by hand (target-role Stopped)",), ("nowhere",)),
    Case(
        "disabled in small letters", cluster(api(meta={"target-role": "stopped"})), WARN, ("api is disabled by hand",)
    ),
    Case(
        "disabled, and runs still",
        cluster(api(*at("cc02"), meta=OFF)),
        WARN,
        ("disabled by hand", "still runs on cc02"),
    ),
    Case(
        "a group that is disabled",
        cluster(Group("g", (api(), Primitive("worker", "systemd:worker")), OFF)),
        WARN,
        ("api is disabled by hand", "worker is disabled by hand"),
        ("nowhere",),
    ),
    Case(
        "the first of a group is disabled",
        cluster(Group("g", (api(meta=OFF), Primitive("worker", "systemd:worker")))),
        WARN,
        ("worker is disabled by hand",),
        ("nowhere",),
    ),
    Case(
        "the last of a group is disabled",
        cluster(Group("g", (api(*at("cc02")), Primitive("worker", "systemd:worker", meta=OFF)))),
        WARN,
        ("worker is disabled by hand",),
        ("nowhere", "api"),
    ),
    Case(
        "the first of a group runs nowhere",
        cluster(Group("g", (api(), Primitive("worker", "systemd:worker")))),
        FAIL,
        ("api runs nowhere", "worker runs nowhere"),
        rest=False,
    ),
    Case(
        "a clone that is disabled",
        cluster(web(target_role="Stopped")),
        WARN,
        ("web is disabled by hand",),
        ("nowhere",),
    ),
    Case(
        "all resources are stopped",
        cluster(base=off(api()), options={"stop-all-resources": "true"}),
        FAIL,
        ("stop-all-resources is true",),
        ("nowhere", "api"),
        rest=False,
        drain=False,
        vip="",
    ),
    Case(
        "the cluster is in maintenance",
        cluster(api(*at("cc02")), options={"maintenance-mode": "true"}),
        WARN,
        ("maintenance mode",),
        ("api", "vip", "not managed"),
        rest=False,
        drain=False,
    ),
    Case(
        "a resource is not managed",
        cluster(api(*at("cc02"), meta={"is-managed": "false"})),
        WARN,
        ("api is not managed on cc02",),
    ),
    Case(
        "a resource on the one to be drained is not managed",
        cluster(api(*at("cc03"), meta={"is-managed": "false"})),
        WARN,
        ("api is not managed on cc03",),
        drain=False,
    ),
    Case(
        "a resource is in maintenance",
        cluster(api(*at("cc02"), meta={"maintenance": "true"})),
        WARN,
        ("api is not managed on cc02",),
    ),
    Case(
        "a resource is in maintenance, and not there",
        cluster(api(meta={"maintenance": "true"})),
        FAIL,
        ("api runs nowhere",),
        rest=False,
    ),
    Case(
        "a node is in maintenance",
        cluster(api(*at("cc02")), nodes=but("cc02", attributes={"maintenance": "true"})),
        WARN,
        ("cc02 is in maintenance",),
        ("api",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node is in standby",
        cluster(base=without("cc02"), nodes=but("cc02", attributes={"standby": "on"})),
        WARN,
        ("cc02 is in standby (`hatui undrain cc02` ends it)",),
        rest=False,
        drain=False,
    ),
    Case(
        "a node is in standby until it restarts",
        cluster(base=without("cc02"), nodes=but("cc02", passing={"standby": "on"})),
        WARN,
        ("cc02 is in standby",),
        rest=False,
        drain=False,
    ),
    Case(
        "the one to be drained is in standby",
        cluster(base=without("cc03"), nodes=but("cc03", attributes={"standby": "on"})),
        WARN,
        ("cc03 is in standby",),
        rest=False,
    ),
    Case(
        "a node is in standby since something failed",
        cluster(api(*failed("cc02"), monitor="standby")),
        FAIL,
        ("cc02 is in standby since something failed there", "api failed on cc02"),
        rest=False,
        drain=False,
    ),
)
