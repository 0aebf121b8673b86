"""What two layers must agree on: names, ports and paths that one writes and another reads."""

from __future__ import annotations

GALERA_BACKEND = "galera"
"""HAProxy's backend of the database; its servers bear the hosts' names."""

RABBITMQ_BACKEND = "rabbitmq"
"""HAProxy's backend of the queue; its servers bear the hosts' names."""

GALERA_CHECK_PORT = 9200
"""On each database node: HTTP 200 if the node may take sessions, 503 with the reason otherwise."""

HAPROXY_WATCH_SOCKET = "/run/haproxy/watch.sock"
"""Level operator, for root and haproxy only: sees everything, can't drain or shut anything."""

HAPROXY_ADMIN_SOCKET = "/run/haproxy/admin.sock"
"""Level admin, mode 0600."""

LASTING = "/var/lib/hatui"
"""On each host, what must outlive its boot: whom a person took out of service stays out."""

HAPROXY_STATE_FILE = f"{LASTING}/haproxy.state"
"""HAProxy's server-state-file: the servers that it was told to send nothing to, which it reads when it starts."""

HAPROXY_KEEP_PROGRAM = "/usr/local/lib/hatui/keep_drained"
"""On each balancer, writes that file."""

HAPROXY_MASTER_SOCKET = "/run/haproxy-master.sock"
"""Of Debian's unit; it reaches the former workers, which still have the sessions from before a reload."""

RABBITMQ_MANAGEMENT_PORT = 15672
"""The management API, on loopback only."""

VIP_AWAY_FILE = "/run/hatui/keepalived.away"
"""On each balancer, watched by keepalived: while it holds 1, this host gives the VIP up and takes none."""

VIP_HOLD_PROGRAM = "/usr/local/lib/hatui/hold_back"
"""On each balancer: what is run before the VIP leaves it on purpose."""

VIP_AWAY_KEPT = f"{LASTING}/keepalived.away"
"""What that file held last, for the host's next boot."""

VIP_NEXT_FILE = "/run/hatui/keepalived.next"
"""On each balancer, watched by keepalived: what it holds is added to the priority, so that it takes over at once."""

BROKER_DRAINED_FILE = f"{LASTING}/rabbitmq.drained"
"""On each controller, while its broker is in maintenance by hand: it says nothing itself then. When it is started
it goes back into it."""

BROKER_QUEUES = 500
"""Queues of the cluster up to which they are told one by one; more are only counted (facts/rabbitmq.py says why)."""

PROBE_ACCOUNT = "hatui_probe"
"""Account, database and virtual host through which the client's side is measured; secret "probe"."""

PEERS = "balancers"
"""HAProxy's section of the balancers that share the writer's table; its peers bear the hosts' names."""

PEERS_PORT = 10000
"""Where the balancers tell each other who the writer is (HAProxy's peers protocol)."""

RUNS = "/var/lib/hatui/runs"
"""Where each host that holds the lock keeps a copy of its runs' journals: a directory of root's alone."""

LOCK = "/run/hatui/lock"
"""What the engine holds (flock(1)) on a majority of the hosts while it changes something; beside it, who does."""
