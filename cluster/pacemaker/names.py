"""Pacemaker's unit on a host, and what hatui has there."""

from __future__ import annotations

UNIT = "pacemaker.service"
VIP = "controller-vip"
"""The resource that is the controllers' VIP."""
AGENT = "/usr/lib/ocf/resource.d/hatui/service"
"""ocf:hatui:service (deploy/files/ocf_service.sh)."""
_CLONE = "-clone"


def clone_of(resource: str) -> str:
    """The name of the clone that runs a resource on all hosts."""
    return f"{resource}{_CLONE}"


def cloned(name: str) -> str:
    """The resource that such a clone runs; what is none is itself."""
    return name.removesuffix(_CLONE)
