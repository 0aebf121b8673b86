"""What is said of a systemd unit, in the same words for every layer."""

from __future__ import annotations

from cluster.health.verdict import Finding, Verdict
from cluster.state import ServiceState


def service_findings(host: str, service: ServiceState | None, *, clustered: bool = False) -> list[Finding]:
    """What would go wrong later: a unit that does not start at boot, or that runs with former settings.

    One that is `clustered` is started by Pacemaker, and must not start by itself.
    """
    if service is None:
        return []
    unit = service.unit.removesuffix(".service")
    found = []
    if clustered and service.enabled:
        said = f"{host}: {unit} starts at boot, where Pacemaker alone is to start it (`systemctl disable {unit}`)"
        found.append(Finding(Verdict.WARN, said))
    elif not clustered and not service.enabled:
        found.append(Finding(Verdict.WARN, f"{host}: {unit} does not start at boot"))
    found += [Finding(Verdict.WARN, f"{host}: {path} is not what the deploy wrote") for path in service.edited]
    if service.restart_due:
        found.append(Finding(Verdict.WARN, f"{host}: {unit} runs with former settings, restart due"))
    return found


FROZEN = "its process is stopped, as by SIGSTOP"


def down(service: ServiceState | None) -> str:
    """In a few words, how a unit that does not run is: such as "haproxy is failed (failed)"."""
    if service is None:
        return "its service is not there"
    return f"{service.unit.removesuffix('.service')} is {service.active} ({service.sub})"
