"""What a service of OpenStack tells of its parts on all hosts: text to records.

Nova's "List Compute Services", cinder's "List All Cinder Services", neutron's "List all agents" (their API references):

    {"services": [{"id": "e81d…", "binary": "nova-conductor", "host": "cc01", "state": "up", "status": "enabled",
                   "forced_down": false, ...}]}
    {"agents": [{"id": "840d…", "binary": "neutron-l3-agent", "host": "net01", "alive": true, "admin_state_up": true}]}
"""

from __future__ import annotations

import json
import re
from typing import Any

from cluster.openstack.record import Part
from cluster.text import clean

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,39}", re.ASCII)


def parts_of(text: str, key: str) -> tuple[Part, ...]:
    """The parts under `key`, in the order of their names and hosts. ValueError where the text is no such answer."""
    try:
        listed = json.loads(text)[key]
        found = [_part(one) for one in listed]
    except (LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__} in a list of {key}") from error
    return tuple(sorted(found, key=lambda part: (part.name, part.host)))


def _part(one: Any) -> Part:
    up, enabled = (one["alive"], one["admin_state_up"]) if "alive" in one else (one["state"], one["status"])
    return Part(
        host=clean(str(one["host"]), 80),
        name=clean(str(one["binary"]), 80),
        up=up in (True, "up"),
        enabled=enabled in (True, "enabled") and not one.get("forced_down"),
        # It becomes part of a command that a person copies.
        number=number if _NUMBER.fullmatch(number := str(one.get("id", ""))) else "",
    )
