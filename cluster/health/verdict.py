"""A verdict, and the findings that lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What is to be said of a host or a layer, with the exit codes of the Monitoring Plugins Guidelines."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"

    @property
    def exit_code(self) -> int:
        """0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN."""
        return list(Verdict).index(self)


RANK = (Verdict.OK, Verdict.WARN, Verdict.UNKNOWN, Verdict.FAIL)
"""What is not known may be a failure, so it outranks a warning; what is known to have failed outranks all."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that counts; OK where there is none."""
    return max(verdicts, key=RANK.index, default=Verdict.OK)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: a sentence without full stop that names the host and the number.

    The other fields are what of it a program may want to know, so that none has to read the sentence.
    """

    verdict: Verdict
    reason: str
    host: str = ""
    """The host that tells of it, or that is not told of; empty where it is about several, or the whole."""
    drained: tuple[str, ...] = ()
    """The hosts that it tells of as taken out of service by hand: `hatui undrain` puts them back."""


@dataclass(frozen=True, slots=True)
class HostHealth:
    """One host in one layer: its own verdict, and in a few words what is so."""

    host: str
    verdict: Verdict
    shows: str


@dataclass(frozen=True, slots=True)
class LayerHealth:
    """One layer: what its clients get, and what redundancy is left. `findings` is every reason, the worst first."""

    layer: str
    verdict: Verdict
    reason: str
    hosts: tuple[HostHealth, ...] = ()
    findings: tuple[Finding, ...] = ()


def layer_health(layer: str, hosts: Iterable[HostHealth], findings: Iterable[Finding], *, healthy: str) -> LayerHealth:
    """A layer from its findings; `healthy` is what is said when there is none."""
    ranked = tuple(sorted(findings, key=lambda finding: -RANK.index(finding.verdict)))
    return LayerHealth(
        layer=layer,
        verdict=worst(finding.verdict for finding in ranked),
        reason="; ".join(finding.reason for finding in ranked) or healthy,
        hosts=tuple(hosts),
        findings=ranked,
    )
