"""The broker's units, files and ports on a controller, and its name as a backend."""

from __future__ import annotations

from cluster.names import LASTING

UNIT = "rabbitmq-server.service"

EPMD_SOCKET = "epmd.socket"

CONFIG = "/etc/rabbitmq/rabbitmq.conf"

ENVIRONMENT = "/etc/rabbitmq/rabbitmq-env.conf"

PLUGINS = "/etc/rabbitmq/enabled_plugins"

STAMPED = (CONFIG, ENVIRONMENT, PLUGINS)
"""What a broker reads at its start, and only then."""

DEFINITIONS = "/etc/rabbitmq/hatui-definitions.json"

COOKIE = "/var/lib/rabbitmq/.erlang.cookie"

DATA = "/var/lib/rabbitmq/mnesia"

WATCH_LOGIN = "/etc/hatui/rabbitmq-watch.curl"
"""The watch account's name and password as curl's configuration (curl(1), --config), mode 0600."""

MEND_PROGRAM = "/usr/local/lib/hatui/rabbitmq_mend.py"

MEND_TIMER = "hatui-rabbitmq-mend.timer"
"""Starts what restarts a broker that is parted from the majority."""

RABBITMQ_BACKEND = "rabbitmq"
"""HAProxy's backend of the queue; its servers bear the hosts' names."""

RABBITMQ_MANAGEMENT_PORT = 15672
"""The management API, on loopback only."""

BROKER_DRAINED_FILE = f"{LASTING}/rabbitmq.drained"
"""On each controller, while its broker is in maintenance by hand: it says nothing itself then. When it is started
it goes back into it."""

BROKER_QUEUES = 500
"""Queues of the cluster up to which they are told one by one; more are only counted (facts/rabbitmq.py says why)."""
