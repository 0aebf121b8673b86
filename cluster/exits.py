"""Every exit code of `hatui` that is no verdict (cluster.health.Verdict) and no outcome (cluster.outcome).

Those of wrong calls are sysexits(3)'s: far from 0 to 3, which a monitoring plugin's reader takes for a state of the
cluster, and from outcomes, which tell of a run. With one of these nothing was asked, begun or changed.
"""

from __future__ import annotations

USAGE = 64
"""EX_USAGE: what was said on the command line can't be done: a word, a runbook or a terminal that is not there."""
NO_INPUT = 66
"""EX_NOINPUT: there is no such run or recording, or it can't be read or written."""
CONFIG = 78
"""EX_CONFIG: the inventory is missing or wrong, or a file that it names is not there."""
WRONG_CALL = frozenset({USAGE, NO_INPUT, CONFIG})

SAME, CHANGES, UNTOLD = 0, 10, 3
"""`hatui plan`: nothing would change, something would, it could not be told."""
NOT_FOLLOWED = 26
"""A verb that was interrupted while it followed a run, which goes on: its end was not seen."""
