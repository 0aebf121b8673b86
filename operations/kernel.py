"""Kernel parameters as they are now; the file that keeps them over a boot is a managed file."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from facts.base import KernelParameters
from operations.told import Told


@operation()
def applied(parameters: Mapping[str, str]) -> Generator[PyinfraCommand, None, None]:
    """Give each kernel parameter its value (sysctl(8)), where it has another."""
    seen = host.get_fact(KernelParameters, names=list(parameters)) or {}
    for key, value in parameters.items():
        if seen.get(key) == value:
            host.noop(f"{key} is {value}")
        else:
            yield Told(f"set {key} to {value}", "sysctl", "-q", "-w", shlex.quote(f"{key}={value}"))
