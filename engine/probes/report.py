"""The figures of what was measured, as the prober tells them (cluster/wire/probes.py)."""

from __future__ import annotations

from cluster.wire.probes import ServiceReport, StreamReport
from engine.probes.felt import Felt, Heard


def service_report(seconds: float, felt: Felt, heard: Heard) -> ServiceReport:
    """The figures of a service whose measuring is over."""
    return ServiceReport(
        seconds=round(seconds, 3),
        probes=felt.probes,
        failed=felt.failed,
        kinds=felt.kinds,
        gap_ms=_ms(felt.gap),
        p99_ms=None if (p99 := felt.latency(0.99)) is None else _ms(p99),
        longest_ms=_ms(felt.longest) if felt.succeeded_once else None,
        late_ms=_ms(felt.late),
        answers=felt.answers,
        stream=StreamReport(
            beats=heard.beats,
            resets=heard.resets,
            gap_ms=None if heard.gap is None else _ms(heard.gap),
            kinds=heard.kinds,
        ),
    )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
