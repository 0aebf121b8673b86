"""What only one may be at a time (a VIP's owner, the writer, …): which of two readings that say otherwise is too old.

A reading tells of one moment between its being asked for and its being answered; nobody knows which. What one host says
contradicts what another one says only if each was asked again after the other had said so first: else the one may be
from before a change and the other from after it. Pure; times are seconds of one steady clock.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.layer import Claim
from cluster.layers import LAYER_OF
from cluster.spec import Cluster
from cluster.state import Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """A host's answer. It tells of no moment before `asked`, and of none after `answered`."""

    record: Any
    asked: float
    answered: float
    claim: Claim | None
    since: float
    """When the first answer came that claims the same, of those one after another up to this one."""
    lost: Claim | None = None
    """What it claimed before, of what is needed, where it claims nothing now."""


def reading(former: Reading | None, record: Any, asked: float, answered: float, claim: Claim | None) -> Reading:
    """What a host says now, after what it said before."""
    if former and (former.claim and former.claim.value) == (claim and claim.value):
        return Reading(record, asked, answered, claim, former.since, former.lost)
    told = not claim and not isinstance(record, Unknown)
    lost = former.claim if told and former and former.claim and former.claim.needed else None
    return Reading(record, asked, answered, claim, answered, lost)


def outdated(readings: Mapping[str, Reading]) -> dict[str, str]:
    """The hosts of a layer whose reading may be from before a change, each with the host that tells of the change.

    Of two that have said so once only, and at the same time, it is both.
    """
    newest: dict[Hashable, tuple[float, str]] = {}
    for name, one in readings.items():
        if one.claim:
            newest[one.claim.value] = max(newest.get(one.claim.value, (one.since, name)), (one.since, name))
    if not newest:
        since, newer = max(((one.since, name) for name, one in readings.items() if one.lost), default=(0.0, ""))
        return {name: newer for name, one in readings.items() if newer and name != newer and one.asked < since}
    found = {}
    for name, one in readings.items():
        others = [told for value, told in newest.items() if one.claim and value != one.claim.value]
        if others and one.asked < max(others)[0]:
            found[name] = max(others)[1]
    return found


def current(readings: Mapping[str, Reading]) -> dict[str, Any]:
    """The records of a layer; Unknown, with the reason, for those that `outdated` names."""
    old = outdated(readings)
    return {name: awaited(one, old[name], readings) if name in old else one.record for name, one in readings.items()}


def awaited(one: Reading, newer: str, readings: Mapping[str, Reading]) -> Unknown:
    """What is known of a host whose last reading may be from before what `newer` tells."""
    said = readings[newer]
    claim = said.claim or said.lost
    assert claim, "`outdated` names those alone that claim something, or no longer do"
    told = f"told {'that' if said.claim else 'no longer that'} {claim.words}"
    before = f"; before, it told that {one.claim.words}" if one.claim else ""
    return Unknown(f"has not answered since {newer} {told}{before}")


def disputed(spec: Cluster, fact: str, records: Mapping[str, Any]) -> bool:
    """Whether hosts that were asked side by side contradict each other, or none has what one of them must have."""
    values = {claim.value for name, one in records.items() if (claim := claim_of(spec, fact, name, one))}
    known = any(not isinstance(one, Unknown) for one in records.values())
    layer = LAYER_OF.get(fact)
    return len(values) > 1 or (layer is not None and fact in layer.needed and known and not values)


def claim_of(spec: Cluster, fact: str, host: str, record: Any) -> Claim | None:
    """What the record of a host claims, by the name of its fact; None where it claims nothing."""
    layer = LAYER_OF.get(fact)
    claims = layer.claims.get(fact) if layer else None
    return claims(spec, host, record) if claims else None
