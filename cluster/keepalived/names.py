"""Keepalived's unit, files and programs on a balancer."""

from __future__ import annotations

from cluster.names import LASTING

UNIT = "keepalived.service"

PROGRAM = "keepalived"
"""The name of its processes."""

CONFIG = "/etc/keepalived/keepalived.conf"

CHECK_PROGRAM = "/usr/local/lib/hatui/haproxy_answers"
"""Asks HAProxy whether it still answers; keepalived runs it."""

END_PROGRAM = "/usr/local/lib/hatui/end_sessions"
"""Ends the connections to a VIP that this host has lost; keepalived runs it."""

FILES = (CONFIG, CHECK_PROGRAM, END_PROGRAM)

VIP_AWAY_FILE = "/run/hatui/keepalived.away"
"""On each balancer, watched by keepalived: while it holds 1, this host gives the VIP up and takes none."""

VIP_HOLD_PROGRAM = "/usr/local/lib/hatui/hold_back"
"""On each balancer: what is run before the VIP leaves it on purpose."""

VIP_AWAY_KEPT = f"{LASTING}/keepalived.away"
"""What that file held last, for the host's next boot."""

VIP_NEXT_FILE = "/run/hatui/keepalived.next"
"""On each balancer, watched by keepalived: what it holds is added to the priority, so that it takes over at once."""
