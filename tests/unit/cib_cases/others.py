"""Remote and guest nodes, what is left over, fencing, and the VIP."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.cib_cases.case import ALL, FAIL, GUEST, OFF, OK, REMOTE, WARN, Case, guest, remote, web
from tests.unit.cibs import FENCING, NODES, VIP, VIP_RESOURCE, Op, Primitive, at, cluster, failed

CASES = (
    # Remote and guest nodes.
    Case("a remote node", cluster(remote(*at("cc02")), nodes=(*NODES, REMOTE)), OK, lacks=("galera-0",)),
    Case("a clone beside a remote node", cluster(remote(*at("cc02")), web(*ALL), nodes=(*NODES, REMOTE)), OK),
    Case(
        "a remote node that is away",
        cluster(remote(), nodes=(*NODES, replace(REMOTE, online=False))),
        FAIL,
        ("galera-0 runs nowhere", "the remote node galera-0 is offline"),
        ("no fencing device for",),
        rest=False,
    ),
    Case(
        "a remote node that is disabled",
        cluster(remote(meta=OFF), nodes=(*NODES, replace(REMOTE, online=False))),
        WARN,
        ("galera-0 is disabled by hand",),
        ("offline", "nowhere"),
    ),
    Case(
        "a remote node in standby",
        cluster(remote(*at("cc02")), nodes=(*NODES, replace(REMOTE, attributes={"standby": "on"}))),
        WARN,
        ("the remote node galera-0 is in standby (`crm node online galera-0` ends it)",),
        ("hatui undrain",),
    ),
    Case(
        "a guest node",
        cluster(guest(*at("cc02")), nodes=(*NODES, GUEST), orphans=(replace(remote(*at("cc02")), id="guest1"),)),
        OK,
    ),
    Case(
        "a guest node that does not answer in its host",
        cluster(guest(*at("cc02")), nodes=(*NODES, GUEST)),
        FAIL,
        ("guest1 runs nowhere",),
        ("vm",),
        rest=False,
    ),
    Case("a guest node whose host runs nowhere", cluster(guest()), FAIL, ("vm runs nowhere",), ("guest1",), rest=False),
    Case(
        "a guest node whose host is disabled",
        cluster(guest(**OFF)),
        WARN,
        ("vm is disabled by hand",),
        ("offline", "guest1"),
    ),
    # What is left over.
    Case(
        "an orphan that runs",
        cluster(orphans=(Primitive("old", "systemd:old", at("cc02")),)),
        WARN,
        ("old runs on cc02 and is not configured any more",),
    ),
    Case(
        "an orphan that is stopped",
        cluster(orphans=(Primitive("old", "systemd:old", (Op("cc02", "stop"),)),)),
        OK,
        lacks=("old",),
    ),
    Case(
        "a constraint of a move",
        cluster(locations={"cli-prefer-vip": ("vip", "cc01", "INFINITY")}),
        WARN,
        ("cli-prefer-vip",),
        rest=False,
    ),
    Case("a constraint of one's own", cluster(locations={"near": ("vip", "cc01", "50")}), OK, lacks=("near",)),
    # Fencing.
    Case("no fencing", cluster(options={"stonith-enabled": "false"}), WARN, ("unfenced: stonith-enabled is false",)),
    Case("no device", cluster(base=(VIP_RESOURCE,)), WARN, ("unfenced: there is no fencing device",)),
    Case(
        "a device that runs nowhere",
        cluster(base=(VIP_RESOURCE, *FENCING[:2], replace(FENCING[2], ops=()))),
        WARN,
        ("unfenced: the fencing device fence-cc03 runs nowhere",),
        rest=False,
    ),
    Case(
        "a device that is disabled",
        cluster(base=(VIP_RESOURCE, *FENCING[:2], replace(FENCING[2], ops=(), meta=OFF))),
        WARN,
        ("unfenced: the fencing device fence-cc03 is disabled by hand",),
    ),
    Case(
        "a device that failed",
        cluster(base=(VIP_RESOURCE, *FENCING[:2], replace(FENCING[2], ops=failed("cc01")))),
        FAIL,
        ("fence-cc03 failed on cc01",),
        rest=False,
        drain=False,
    ),
    # The VIP.
    Case(
        "another address elsewhere",
        cluster(Primitive("public", "ocf:heartbeat:IPaddr2", at("cc02"), parameters={"ip": "192.0.2.60"})),
        OK,
    ),
    Case(
        "the VIP where another address is",
        cluster(Primitive("public", "ocf:heartbeat:IPaddr2", at("cc02"), parameters={"ip": "192.0.2.60"})),
        WARN,
        (f"{VIP} is on cc02, and Pacemaker has it on cc01",),
        vip="cc02",
    ),
    Case(
        "the VIP where Pacemaker has none",
        cluster(),
        WARN,
        (f"{VIP} is on cc03, and Pacemaker has it on cc01",),
        vip="cc03",
    ),
    Case(
        "the VIP that no resource has",
        cluster(base=(replace(VIP_RESOURCE, parameters={"ip": "192.0.2.60"}), *FENCING)),
        WARN,
        (f"{VIP} is on cc01, and Pacemaker runs it nowhere",),
    ),
    Case("the VIP on nobody", cluster(), FAIL, (f"no owner of {VIP}",), vip=""),
)
