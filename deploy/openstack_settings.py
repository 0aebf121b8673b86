"""The keys that all services of OpenStack have in their settings, as hatui sets them: database, queue, identity.

Sources: the configuration references of oslo.db, oslo.messaging and keystonemiddleware.
"""

from __future__ import annotations

from urllib.parse import quote

from cluster.agents.names import METADATA_SECRET
from cluster.openstack.cache import places
from cluster.openstack.keystone import KEYSTONE, SERVICES, region_of
from cluster.openstack.queue import ACCOUNT, QUEUE_PASSWORD, brokers
from cluster.openstack.service import OpenstackService
from cluster.releases import MIRRORED_QUEUES
from cluster.spec import Cluster
from deploy.secrets import secret
from operations.ini import literal

Section = dict[str, str | None]
"""Key to value; None: it is not to be there."""

_STALE = ("sql_connection", "sql_idle_timeout", "sql_max_retries", "rpc_backend")
_STALE_QUEUE = ("rabbit_host", "rabbit_port", "rabbit_hosts", "rabbit_userid", "rabbit_password", "rabbit_virtual_host")
"""Of former releases, in [DEFAULT]: nothing reads them any longer (each project's release notes)."""
_STALE_IDENTITY = ("auth_host", "auth_port", "auth_protocol", "admin_tenant_name", "admin_user", "admin_password")
"""The same, in [keystone_authtoken]."""
_STALE_KEYSTONE = ("admin_token", "admin_bind_host", "public_bind_host")
"""Of keystone alone; the first opens a door."""


def connection(cluster: Cluster, user: str, password: str, database: str) -> str:
    """Where SQLAlchemy finds a database, and how long it waits there (PyMySQL's arguments)."""
    where = f"{cluster.keepalived.vip}:{cluster.haproxy.database_port}/{database}"
    times = "charset=utf8mb4&connect_timeout=5&read_timeout=30&write_timeout=30"
    return f"mysql+pymysql://{user}:{forms(password)[0]}@{where}?{times}"


def forms(password: str) -> tuple[str, str]:
    """A password as it stands in a URL of a file, and as it is: neither is shown."""
    return literal(quote(password, safe="")), password


def synced_by(service: OpenstackService) -> str:
    """The account that may change its tables."""
    return f"{service.name}_sync"


def queued(cluster: Cluster) -> dict[str, Section]:
    """What whoever talks by the queue has."""
    return {"DEFAULT": {**_without(), "transport_url": _transport(cluster)}, "oslo_messaging_rabbit": _rabbit(cluster)}


def queue_secrets(cluster: Cluster) -> tuple[str, str]:
    """What of that is never shown."""
    return forms(secret(cluster, QUEUE_PASSWORD))


def _without() -> Section:
    return dict.fromkeys((*_STALE, *_STALE_QUEUE))


def common(cluster: Cluster, service: OpenstackService) -> dict[str, Section]:
    """What the main file of every service has."""
    keys: dict[str, Section] = queued(cluster) if service.queue else {"DEFAULT": _without()}
    keys["sql"] = {"connection": None}
    if service is KEYSTONE:
        keys["DEFAULT"].update(dict.fromkeys(_STALE_KEYSTONE))
    for database, section in service.databases.items():
        if section:
            keys[section] = _database(cluster, service, database)
    # Its links name what the client asked for, not the controller behind the balancer.
    keys["oslo_middleware"] = {"enable_proxy_headers_parsing": "true"}
    if service is not KEYSTONE:
        keys["keystone_authtoken"] = {**dict.fromkeys(_STALE_IDENTITY), **_asking(cluster, service)}
    return keys


def secrets_in(cluster: Cluster, service: OpenstackService) -> tuple[str, ...]:
    """What of these settings is never shown."""
    found = forms(secret(cluster, f"{service.name}_database"))
    if service is KEYSTONE:
        return found
    user = secret(cluster, f"{service.name}_user")
    queue = queue_secrets(cluster) if service.queue else ()
    metadata = metadata_secrets(cluster) if METADATA_SECRET in service.passwords else ()
    given = [value for name in service.given(cluster) for value in _as_they_stand(secret(cluster, name))]
    return (*found, literal(user), user, *queue, *metadata, *given)


def metadata_secrets(cluster: Cluster) -> tuple[str, str]:
    """What nova and the agents know each other by, as it stands in a file, and as it is."""
    return _as_they_stand(secret(cluster, METADATA_SECRET))


def _as_they_stand(found: str) -> tuple[str, str]:
    return literal(found), found


def _database(cluster: Cluster, service: OpenstackService, database: str) -> Section:
    return {
        "connection": connection(cluster, service.name, secret(cluster, f"{service.name}_database"), database),
        # While the writer moves nobody gives up, and no connection outlives the balancer's patience.
        "max_retries": "-1",
        "retry_interval": "1",
        "connection_recycle_time": "600",
        "max_pool_size": "5",
        "max_overflow": "20",
        "pool_timeout": "10",
    }


def identity(cluster: Cluster, service: OpenstackService) -> Section:
    """With whose token a service asks another (keystoneauth)."""
    return {
        "auth_url": KEYSTONE.url(cluster),
        "auth_type": "password",
        "username": service.name,
        "password": literal(secret(cluster, f"{service.name}_user")),
        "user_domain_id": "default",
        "project_name": SERVICES,
        "project_domain_id": "default",
        "region_name": region_of(cluster),
    }


def _asking(cluster: Cluster, service: OpenstackService) -> Section:
    """How a service asks keystone whether a token is good (keystonemiddleware)."""
    return {
        **identity(cluster, service),
        "www_authenticate_uri": KEYSTONE.url(cluster),
        "memcached_servers": ",".join(places(cluster)),
        # A controller that is gone answers nothing: its share of the tokens is asked of keystone again.
        "memcache_pool_socket_timeout": "1",
        "service_token_roles": SERVICES,
        "service_token_roles_required": "true",
        # Of the whole question, not of the connection alone: a keystone that is busy needs some seconds.
        "http_connect_timeout": "20",
    }


def _transport(cluster: Cluster) -> str:
    """Where oslo.messaging finds the brokers."""
    user = f"{ACCOUNT}:{forms(secret(cluster, QUEUE_PASSWORD))[0]}"
    return f"rabbit://{','.join(f'{user}@{place}' for place in brokers(cluster))}/"


def _rabbit(cluster: Cluster) -> Section:
    # What is on one broker alone is lost with each of its restarts; where queues can be mirrored, a policy does it.
    transient = None if cluster.release in MIRRORED_QUEUES else "true"
    return {
        "rabbit_quorum_queue": "true",
        "rabbit_transient_quorum_queue": transient,
        "amqp_durable_queues": "true",
        # A broker that is gone without a word is noticed in 15 s, and another asked after half of one.
        "heartbeat_timeout_threshold": "15",
        "heartbeat_rate": "3",
        "kombu_reconnect_delay": "0.5",
        "rabbit_retry_interval": "1",
        "rabbit_retry_backoff": "1",
        "rabbit_interval_max": "5",
        "rabbit_transient_queues_ttl": "300",
    }
