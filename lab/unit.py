"""The systemd units of a host: asked, started, stopped and sent signals."""

from __future__ import annotations

import re

from lab import inside
from lab.topology import Lab

_LIMIT = 180.0
"""Seconds that a service may take to stop or start: systemd gives it 90 s, where its unit says nothing else."""


def named(text: str) -> str:
    """`text`, if it is a name that a unit may have; ValueError otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9:_.@-]{1,100}", text) or text.startswith("-"):
        raise ValueError(f"{text[:40]!r} is no name of a unit; give one such as haproxy")
    return text


def state(lab: Lab, host: str, unit: str) -> str:
    """What systemd says of the unit: active, inactive, failed and so on (systemctl(1)); inactive if there is none."""
    return inside.run_on(lab, host, f"systemctl show {unit}", 'systemctl show -P ActiveState "$1"', unit).strip()


def signal(lab: Lab, host: str, unit: str, name: str) -> None:
    """Send it to all processes of the unit."""
    inside.run_on(lab, host, f"systemctl kill -s {name} {unit}", 'systemctl kill -s "$1" "$2"', name, unit)


def start(lab: Lab, host: str, unit: str, wait: bool = False) -> None:
    """Give the order to start it, where there is such a unit. Whether it comes up is seen only with `wait`."""
    script = '! systemctl cat "$1" >/dev/null 2>&1 || systemctl start $2 "$1"'
    block = "" if wait else "--no-block"
    inside.run_on(lab, host, f"systemctl start {unit}", script, unit, block, timeout=_LIMIT)


def stop(lab: Lab, host: str, unit: str) -> None:
    """It is stopped when this returns."""
    inside.run_on(lab, host, f"systemctl stop {unit}", 'systemctl stop "$1"', unit, timeout=_LIMIT)
