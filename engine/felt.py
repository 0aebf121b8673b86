"""What clients feel of a run: what its plan promises of new connections, and what was worse than that in the end.

Both from what was measured (engine/probing.py): a promise that the last runs have broken is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cluster.wire.probes import ServiceReport

LEEWAY = 0.5
"""Seconds above what was promised, or once more as much if that is more, from which on a gap is told of as worse."""


def promised(expected: str, gap: float, former: Sequence[Mapping[str, ServiceReport]]) -> str:
    """What clients will feel, in words: of new connections `gap` seconds and no failure, or what `former` runs cost.

    `gap` of 0: nothing is promised of new connections. `former`: what was measured of each of the last runs.
    """
    if not gap:
        return expected
    services = [felt for run in former for felt in run.values()]
    longest = max((_gap(felt) for felt in services), default=0.0)
    failed = sum(felt.failed for felt in services)
    if not failed and longest <= gap:
        new = f"no gap over {_seconds(gap)}, none fails"
    else:
        probes = sum(felt.probes for felt in services)
        new = (
            f"gaps of up to {_seconds(longest)}, {failed} of {probes} failed: so the last {len(former)} were measured, "
            f"where no gap over {_seconds(gap)} and no failure would be usual"
        )
    return "; ".join(filter(None, (f"new connections: {new}", expected)))


def worse(services: Mapping[str, ServiceReport], gap: float) -> str:
    """How the clients of a run that was DONE fared worse than planned, in words; empty if they did not.

    `services`: what was measured; `gap`: seconds that were promised, or 0.
    """
    return "; ".join(_worse(services, gap))


def _worse(services: Mapping[str, ServiceReport], gap: float) -> Iterator[str]:
    for name, felt in services.items():
        said = []
        if felt.failed:
            said.append(f"{felt.failed} of {felt.probes} new connections failed")
        # What the prober did not get to is not told as the cluster's doing.
        late = felt.late_ms / 1000
        if gap and _gap(felt) - late > gap + max(gap, LEEWAY):
            said.append(f"the longest gap was {_seconds(_gap(felt))}, planned were {_seconds(gap)} at most")
        if said and late > LEEWAY:
            said.append(f"the measuring itself was up to {_seconds(late)} late")
        if said:
            yield f"{name}: {', '.join(said)}"


def _gap(felt: ServiceReport) -> float:
    return felt.gap_ms / 1000


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 1 else f"{value:.2g} s" if value >= 0.1 else f"{1000 * value:.0f} ms"
