"""Names, paths and accounts that no layer owns."""

from __future__ import annotations

LASTING = "/var/lib/hatui"
"""On each host, what must outlive its boot: whom a person took out of service stays out."""

PROBE_ACCOUNT = "hatui_probe"
"""Account, database and virtual host through which the client's side is measured; secret "probe"."""

RUNS = "/var/lib/hatui/runs"
"""Where each host that holds the lock keeps a copy of its runs' journals: a directory of root's alone."""

LOCK = "/run/hatui/lock"
"""What the engine holds (flock(1)) on a majority of the hosts while it changes something; beside it, who does."""
