"""The database's units, files and ports on a node, and its name as a backend."""

from __future__ import annotations

UNIT = "mariadb.service"

CONFIG = "/etc/mysql/mariadb.conf.d/60-hatui.cnf"

CHECK_UNIT = "hatui-galera-check.service"
"""The health responder, which tells the balancers whether this node may take sessions."""

CHECK_PROGRAM = "/usr/local/lib/hatui/galera_check.py"

CHECK_WRITES = "/usr/local/lib/hatui/galera_writes.py"
"""Beside it: what it asks whether this node takes writes."""

CHECK_FILES = (CHECK_PROGRAM, f"/etc/systemd/system/{CHECK_UNIT}", CHECK_WRITES)

CHECK_SAYS = "/run/hatui-galera-check/why_not"
"""Where the responder leaves why this node must get no sessions; an empty line while there is no reason."""

GARB_UNIT = "garb.service"
"""The arbitrator."""

GARB_CONFIG = "/etc/default/garb"

GARB_PACKAGES = ("galera-arbitrator-4",)

DATA = "/var/lib/mysql"

STATE_FILE = f"{DATA}/grastate.dat"

PROCESSES = "mariadbd mysqld"
"""The names a server's process may have: mysqld before MariaDB 10.5, and in Percona XtraDB Cluster."""

SOCKET = "/run/mysqld/mysqld.sock"

KEEPS_UP = 10
"""Write sets that a node may have waiting (wsrep_local_recv_queue), and still be taken for one that keeps up."""

LAGS = 100
"""Write sets waiting from which a node is said to lag: a shorter queue comes and goes with every load."""

GALERA_BACKEND = "galera"
"""HAProxy's backend of the database; its servers bear the hosts' names."""

GALERA_CHECK_PORT = 9200
"""On each database node: HTTP 200 if the node may take sessions, 503 with the reason otherwise."""
