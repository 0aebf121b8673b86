"""Units that Pacemaker starts from now on, and nobody else."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from facts.base import Services
from facts.pacemaker import CrmConfiguration, there
from operations.told import Told


@operation()
def handed_over(resources: Mapping[str, str]) -> Generator[PyinfraCommand, None, None]:
    """Have systemd start none of these units at boot; `resources` is each unit's name to that of its resource.

    One that Pacemaker does not have yet is stopped: it is started by Pacemaker, where it is to run. Units' files that
    systemd has not read yet are read first.
    """
    seen = host.get_fact(Services, units=dict.fromkeys(resources, ())) or {}
    has = there(host.get_fact(CrmConfiguration) or "", resources.values())
    if any(unit not in seen or seen[unit].reload_due for unit in resources):
        yield Told("systemd reads its units' files anew", "systemctl daemon-reload")
    for unit, resource in resources.items():
        now = seen.get(unit)
        if now is not None and now.enabled:
            yield Told(f"{unit} does not start at boot", "systemctl disable --quiet", shlex.quote(unit))
        if now is not None and now.active != "inactive" and resource not in has:
            words = f"systemctl stop {shlex.quote(unit)}; systemctl reset-failed {shlex.quote(unit)} 2>/dev/null; true"
            yield Told(f"stop {unit}, which Pacemaker will start", words)
