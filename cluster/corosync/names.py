"""Corosync's unit and files on a host."""

from __future__ import annotations

UNIT = "corosync.service"

CONFIG = "/etc/corosync/corosync.conf"

AUTHKEY = "/etc/corosync/authkey"

FILES = (CONFIG, AUTHKEY)
