"""The packet filter's unit, files and table on a host."""

from __future__ import annotations

from cluster.names import LASTING

UNIT = "hatui-ports.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
CONFIG = "/etc/hatui/ports.nft"
TABLE = "hatui_ports"
"""Of the family inet, and hatui's alone: no other table is read or written."""
FORMER = f"{LASTING}/ports.former"
"""While new rules are being tried: what takes the former ones into force again."""
BACK = "hatui-ports-back"
"""The timer that does it, unless it is stopped before."""
