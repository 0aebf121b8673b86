"""The files of keystone on a controller: what of its settings is hatui's, how it is served, and how it is asked."""

from __future__ import annotations

from urllib.parse import quote

from cluster.openstack.keystone import (
    HEALTH_CALL,
    HEALTH_PATH,
    STAMPED,
    SYNC_CONFIG,
    TOKEN_CALL,
    TOKEN_LIFE,
    UNIT,
    WATCH,
    WORKERS,
    keystone_of,
)
from cluster.spec import Cluster
from deploy.secrets import secret
from operations.curl import Call, curl_string
from operations.files import ManagedFile
from operations.ini import Keys, literal
from operations.keystone_users import login
from operations.service import drop_in, stamp_lines

USER, SYNC_USER = "keystone", "keystone_sync"
"""The accounts of the database: the one reads and writes, the other makes and changes the tables too."""
WORKS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
SYNCS = WORKS | {
    *("ALTER", "CREATE", "DROP", "INDEX", "REFERENCES", "LOCK TABLES", "CREATE TEMPORARY TABLES"),
    *("CREATE VIEW", "TRIGGER"),
}

_STALE = {"sql_connection": None, "admin_token": None, "admin_bind_host": None, "public_bind_host": None}
"""Of former releases, which nothing reads any longer, or which open a door (keystone's release notes)."""


def connection(cluster: Cluster, user: str, password: str) -> str:
    """Where SQLAlchemy finds keystone's database, and how long it waits there (PyMySQL's arguments)."""
    where = f"{cluster.keepalived.vip}:{cluster.haproxy.database_port}/keystone"
    times = "charset=utf8mb4&connect_timeout=5&read_timeout=30&write_timeout=30"
    return f"mysql+pymysql://{user}:{forms(password)[0]}@{where}?{times}"


def forms(password: str) -> tuple[str, str]:
    """A password as it stands in `connection`, and as it is: neither is shown."""
    return literal(quote(password, safe="")), password


def settings(cluster: Cluster) -> Keys:
    """The keys of keystone.conf that are hatui's (keystone's configuration options; oslo.db)."""
    return {
        "database": {
            "connection": connection(cluster, USER, secret(cluster, "keystone_database")),
            # While the writer moves nobody gives up, and no connection outlives the balancer's patience.
            "max_retries": "-1",
            "retry_interval": "1",
            "connection_recycle_time": "600",
            "max_pool_size": "5",
            "max_overflow": "20",
            "pool_timeout": "10",
        },
        "token": {"provider": "fernet", "expiration": str(TOKEN_LIFE)},
        # Its links name what the client asked for, not the controller behind the balancer.
        "oslo_middleware": {"enable_proxy_headers_parsing": "true"},
        "DEFAULT": _STALE,
        "sql": {"connection": None},
    }


def own_url(cluster: Cluster, name: str) -> str:
    """Where the controller `name` listens."""
    return f"http://{cluster.address(name)}:{keystone_of(cluster).port}"


def keystone_files(cluster: Cluster, name: str) -> list[ManagedFile]:
    """All files of the controller `name` that are hatui's whole."""
    mine, watch = keystone_of(cluster), secret(cluster, "keystone_watch")
    sync = secret(cluster, "keystone_sync")
    synced = connection(cluster, SYNC_USER, sync)
    workers = (
        "# Managed by hatui; read after the package's own keystone-uwsgi.ini.\n[uwsgi]\n"
        f"http-socket = {cluster.address(name)}:{mine.port}\n"
        f"processes = {mine.processes}\nthreads = {mine.threads}\nneed-app = true\n"
        # The balancers ask each second.
        f"route-uri = ^{HEALTH_PATH}$ donotlog:\n"
    )
    lines = [
        stamp_lines(UNIT, STAMPED, reloads=False),
        # The package's own start listens on all addresses, where the balancers' VIP may be one.
        "ExecStart=\n",
        f"ExecStart=/usr/bin/uwsgi_python3 --ini /etc/keystone/keystone-uwsgi.ini --ini {WORKERS}\n",
        "TimeoutStartSec=600\nRestart=on-failure\nRestartSec=3\n",
    ]
    health = Call(f"{own_url(cluster, name)}{HEALTH_PATH}").settings
    asked = login(WATCH, watch)
    token = Call(f"{own_url(cluster, name)}/v3/auth/tokens", "POST", asked).settings
    return [
        ManagedFile(WORKERS, workers.encode()),
        ManagedFile(
            SYNC_CONFIG,
            f"# Managed by hatui; for db_sync alone.\n[database]\nconnection = {synced}\n".encode(),
            mode="0640",
            group="keystone",
            secrets=forms(sync),
        ),
        ManagedFile(HEALTH_CALL, f"{health}\n".encode(), mode="0600"),
        ManagedFile(TOKEN_CALL, f"{token}\n".encode(), mode="0600", secrets=(curl_string(asked), watch)),
        drop_in(UNIT, "".join(lines), unit_lines="StartLimitIntervalSec=0\n"),
    ]
