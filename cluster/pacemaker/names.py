"""Pacemaker's unit on a controller."""

from __future__ import annotations

UNIT = "pacemaker.service"
