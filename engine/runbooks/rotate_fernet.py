"""Rotate keystone's token keys: a new one on one controller, then on all; every token stays good."""

from cluster.layers.openstack import KEYSTONE_LAYER
from engine.probing import measured
from engine.runbook import Plan, View
from operations.keystone_keys import keys_of, sharing
from operations.keystone_rotation import rotated, too_soon
from operations.steps import Refused

PARAMETERS: dict[str, str] = {}


def plan(view: View) -> Plan:
    title = "Rotate keystone's token keys"
    hosts = KEYSTONE_LAYER.hosts(view.cluster)
    if not hosts:
        return Plan(title, refused="The inventory has no keystone: a section of that name adds it.")
    try:
        found = keys_of(hosts)
        if not any(found.values()):
            return Plan(title, refused="There are no keys for tokens yet: deploy keystone first.")
        left = sharing(found)
        # What a rotation that broke off has left: the keys that it made go to all, and no others are made.
        against = None if left else too_soon(hosts[0])
    except Refused as refusal:
        return Plan(title, refused=str(refusal))
    if against:
        return Plan(title, refused=f"{against}.")
    return Plan(
        "Bring keystone's newest token keys to all controllers" if left else title,
        left or rotated(found),
        expected="nothing: tokens stay good",
        measures=measured(view.cluster),
        broken=[one.run for one in view.broken if one.runbook == "rotate_fernet"],
    )
