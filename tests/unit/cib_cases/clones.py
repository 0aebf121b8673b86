"""Clones, groups in them, promotable ones, and bundles."""

from __future__ import annotations

from tests.unit.cib_cases.case import ALL, BOXES, FAIL, OFF, OK, WARN, Case, db, dead, gone, unique, web, without
from tests.unit.cibs import NODES, Bundle, Clone, Group, Primitive, at, cluster, failed, promoted

CASES = (
    # Clones.
    Case("a clone on all", cluster(web(*ALL)), OK),
    Case("a clone on fewer by its own limit", cluster(web("cc01", "cc02", clone_max="2")), OK),
    Case("a clone with more instances than nodes", cluster(web(*ALL, clone_max="5")), OK),
    Case(
        "a clone where a constraint keeps it off a node",
        cluster(web("cc01", "cc02"), locations={"off": ("web-clone", "cc03", "-INFINITY")}),
        OK,
    ),
    Case("a clone that runs nowhere", cluster(web()), FAIL, ("web runs nowhere",), rest=False),
    Case(
        "a clone while a node is away",
        cluster(web("cc01", "cc03"), base=without("cc02"), nodes=gone("cc02")),
        WARN,
        ("web runs on 2 of 3", "cc02 is offline"),
        rest=False,
        drain=False,
    ),
    Case(
        "a clone of which an instance failed",
        cluster(Clone("web-clone", Primitive("web", "systemd:haproxy", (*at("cc01", "cc03"), *failed("cc02"))))),
        FAIL,
        ("web failed on cc02",),
        rest=False,
        drain=False,
    ),
    Case(
        "a clone with an instance on a lost node",
        cluster(web(*ALL), base=without("cc02"), nodes=dead("cc02")),
        WARN,
        ("cc02 is unclean",),
        ("web was",),
        rest=False,
        drain=False,
    ),
    Case(
        "a clone on a lost node alone",
        cluster(web("cc02", clone_max="1"), base=without("cc02"), nodes=dead("cc02")),
        FAIL,
        ("web was on cc02, unclean",),
        rest=False,
        drain=False,
    ),
    Case("instances that differ", cluster(unique("cc01", "cc02")), OK),
    Case("instances that differ, one of them nowhere", cluster(unique("cc01")), OK),
    Case("instances that differ, all nowhere", cluster(unique()), FAIL, ("u runs nowhere",), ("u:",), rest=False),
    Case(
        "a clone of a group",
        cluster(
            Clone("g-clone", Group("g", (Primitive("a", "systemd:a", at(*ALL)), Primitive("b", "systemd:b", at(*ALL)))))
        ),
        OK,
    ),
    Case(
        "a clone of a group, of which one runs nowhere",
        cluster(Clone("g-clone", Group("g", (Primitive("a", "systemd:a", at(*ALL)), Primitive("b", "systemd:b"))))),
        FAIL,
        ("b runs nowhere",),
        ("a runs",),
        rest=False,
    ),
    Case(
        "a clone of a group, with more instances than nodes",
        cluster(Clone("g-clone", Group("g", (Primitive("a", "systemd:a", at(*ALL)),)), {"clone-max": "4"})),
        OK,
    ),
    # Promotable.
    Case("promoted", cluster(db(*at("cc02", "cc03"), promoted("cc01"))), OK),
    Case(
        "nobody promoted",
        cluster(db(*at(*ALL))),
        FAIL,
        ("db has no promoted instance, of 3 that run",),
        rest=False,
        drain=False,
    ),
    Case(
        "nobody promoted in former words",
        cluster(db(*at("cc01"), clone_max="1")),
        FAIL,
        ("db has no promoted instance, of 1",),
        rest=False,
        drain=False,
    ),
    Case(
        "kept from being promoted",
        cluster(db(*at(*ALL), target_role="Slave")),
        WARN,
        ("db is kept from being promoted by hand",),
        ("no promoted",),
    ),
    Case(
        "kept from being promoted, in today's words",
        cluster(db(*at(*ALL), target_role="Unpromoted")),
        WARN,
        ("db is kept from",),
    ),
    Case("all may be promoted, one is", cluster(db(*at("cc02", "cc03"), promoted("cc01"), promoted_max="3")), OK),
    Case(
        "promoted on a lost node",
        cluster(db(*at("cc01", "cc03"), promoted("cc02")), base=without("cc02"), nodes=dead("cc02")),
        FAIL,
        ("db was promoted on cc02, unclean",),
        rest=False,
        drain=False,
    ),
    Case("a promotable that runs nowhere", cluster(db()), FAIL, ("db runs nowhere",), ("promoted",), rest=False),
    Case(
        "a promotable that is disabled",
        cluster(db(target_role="Stopped")),
        WARN,
        ("db is disabled by hand",),
        ("promoted instance",),
    ),
    # Bundles.
    Case(
        "a bundle",
        cluster(
            Bundle("box", Primitive("hap", "ocf:heartbeat:haproxy", at("box-0", "box-1", "box-2")), 3, ALL),
            nodes=(*NODES, *BOXES),
        ),
        OK,
    ),
    Case(
        "a bundle of which one container is away",
        cluster(
            Bundle("box", Primitive("hap", "ocf:heartbeat:haproxy", at("box-0", "box-1")), 3, ("cc01", "cc02")),
            nodes=(*NODES, *BOXES[:2]),
        ),
        OK,
    ),
    Case(
        "a bundle that runs nowhere",
        cluster(Bundle("box", Primitive("hap", "ocf:heartbeat:haproxy"), 2)),
        FAIL,
        ("hap runs nowhere", "box-podman runs nowhere"),
        ("box-podman-0",),
        rest=False,
    ),
    Case(
        "a bundle that is disabled",
        cluster(Bundle("box", Primitive("hap", "ocf:heartbeat:haproxy"), 2, meta=OFF)),
        WARN,
        ("hap is disabled by hand",),
        ("nowhere",),
    ),
    Case(
        "a bundle with one promoted",
        cluster(
            Bundle(
                "box",
                Primitive("gal", "ocf:heartbeat:galera", (*at("box-0", "box-1"), promoted("box-2"))),
                3,
                ALL,
                promoted=1,
            ),
            nodes=(*NODES, *BOXES),
        ),
        OK,
    ),
    Case(
        "a bundle with nobody promoted",
        cluster(
            Bundle("box", Primitive("gal", "ocf:heartbeat:galera", at("box-0", "box-1", "box-2")), 3, ALL, promoted=1),
            nodes=(*NODES, *BOXES),
        ),
        FAIL,
        ("gal has no promoted instance",),
        rest=False,
        drain=False,
    ),
)
