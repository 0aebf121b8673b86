"""HAProxy's unit, files, sockets and ports on a balancer."""

from __future__ import annotations

from cluster.names import LASTING

UNIT = "haproxy.service"

PROGRAM = "haproxy"
"""The name of its processes, master and workers."""

CONFIG = "/etc/haproxy/haproxy.cfg"

HAPROXY_WATCH_SOCKET = "/run/haproxy/watch.sock"
"""Level operator, for root and haproxy only: sees everything, can't drain or shut anything."""

HAPROXY_ADMIN_SOCKET = "/run/haproxy/admin.sock"
"""Level admin, mode 0600."""

HAPROXY_STATE_FILE = f"{LASTING}/haproxy.state"
"""HAProxy's server-state-file: the servers that it was told to send nothing to, which it reads when it starts."""

HAPROXY_KEEP_PROGRAM = "/usr/local/lib/hatui/keep_drained"
"""On each balancer, writes that file."""

HAPROXY_MASTER_SOCKET = "/run/haproxy-master.sock"
"""Of Debian's unit; it reaches the former workers, which still have the sessions from before a reload."""

PEERS = "balancers"
"""HAProxy's section of the balancers that share the writer's table; its peers bear the hosts' names."""

PEERS_PORT = 10000
"""Where the balancers tell each other who the writer is (HAProxy's peers protocol)."""
