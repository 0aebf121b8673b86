"""Corosync: the controllers' membership and quorum. It is deployed with Pacemaker, which stands on it."""

from __future__ import annotations

from cluster.corosync.record import COROSYNC_QUORUM
from cluster.corosync.steady import STEADY
from cluster.corosync.things import things
from cluster.corosync.verdict import corosync_health
from cluster.layer import Layer
from cluster.spec import Role

COROSYNC = Layer(
    name="corosync",
    roles=(Role.CONTROLLER,),
    facts=(COROSYNC_QUORUM,),
    verdict=lambda spec, state: corosync_health(spec, state[COROSYNC_QUORUM]),
    steady=STEADY,
    things=things,
    deployed=False,
)
