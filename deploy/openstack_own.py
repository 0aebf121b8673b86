"""The keys that each service of OpenStack has for itself in its settings (each project's configuration reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster.agents.settings import agents_of
from cluster.openstack import volumes
from cluster.openstack.keystone import KEYSTONE, TOKEN_LIFE
from cluster.openstack.service import OpenstackService
from cluster.openstack.table import CINDER, GLANCE, NEUTRON, NOVA, PLACEMENT
from cluster.spec import Cluster, Role
from deploy.openstack_settings import Section, common, identity, metadata_secrets
from deploy.secrets import secret
from operations.ini import Keys, literal

_Own = Mapping[str, Section]


def settings(cluster: Cluster, service: OpenstackService, name: str) -> dict[str, Keys]:
    """The keys of each of the service's files on the controller `name`, by the file's path."""
    keys = common(cluster, service)
    for section, found in _OF[service.name](cluster, name).items():
        keys[section] = {**keys.get(section, {}), **found}
    further = _ml2(cluster) if service is NEUTRON else {}
    return {service.config: keys, **dict.fromkeys(service.further_configs, further)}


def _keystone(_: Cluster, __: str) -> _Own:
    return {"token": {"provider": "fernet", "expiration": str(TOKEN_LIFE)}}


def _placement(_: Cluster, __: str) -> _Own:
    # Uwsgi logs all other requests, too.
    return {"DEFAULT": _quiet("placement.requestlog=WARN"), "api": {"auth_strategy": "keystone"}}


def _glance(cluster: Cluster, name: str) -> _Own:
    mine = GLANCE.of(cluster)
    return {
        "DEFAULT": {
            "bind_host": GLANCE.listens(cluster, name)[0],
            "bind_port": str(GLANCE.port),
            "workers": str(mine.processes),
            "enabled_backends": "shared:file",
            **_quiet("eventlet.wsgi.server=WARN"),
        },
        "glance_store": {"default_backend": "shared", "stores": None, "default_store": None},
        "shared": {"filesystem_store_datadir": literal(mine.folder)},
        "paste_deploy": {"flavor": "keystone"},
    }


_LEVELS = (
    "amqp=WARN,amqplib=WARN,boto=WARN,qpid=WARN,sqlalchemy=WARN,suds=INFO,oslo.messaging=INFO,oslo_messaging=INFO,"
    "iso8601=WARN,requests.packages.urllib3.connectionpool=WARN,urllib3.connectionpool=WARN,websocket=WARN,"
    "requests.packages.urllib3.util.retry=WARN,urllib3.util.retry=WARN,keystonemiddleware=WARN,"
    "routes.middleware=WARN,stevedore=WARN,taskflow=WARN,keystoneauth=WARN,oslo.cache=INFO,oslo_policy=INFO,"
    "dogpile.core.dogpile=INFO"
)
"""Those that oslo.log has by default."""


def _quiet(*levels: str) -> Section:
    """These levels besides: the balancers ask each second, and each of their questions would be logged."""
    return {"default_log_levels": ",".join((_LEVELS, *levels))}


def _nova(cluster: Cluster, name: str) -> _Own:
    mine = identity(cluster, NOVA)
    return {
        "DEFAULT": {
            "my_ip": cluster.address(name),
            # Who has not told of itself for three turns is down.
            "report_interval": "10",
            "service_down_time": "30",
            # Uwsgi logs all other requests, too. Zed's way to its conductors is warned of at each call.
            **_quiet("nova.api.openstack.requestlog=WARN", "oslo_messaging.rpc.client=ERROR"),
        },
        "api": {"auth_strategy": "keystone"},
        "placement": mine,
        "neutron": {
            **mine,
            # Else it would give a server's metadata to whoever says that he has the server's address.
            "service_metadata_proxy": "true",
            "metadata_proxy_shared_secret": metadata_secrets(cluster)[0],
        },
        "cinder": {"os_region_name": mine["region_name"]},
        # Its own token goes with the user's: that may end while the work goes on.
        "service_user": {**mine, "send_service_user_token": "true"},
        "conductor": {"workers": "1"},
        # A compute that comes new is found by itself.
        "scheduler": {"workers": "1", "discover_hosts_in_cells_interval": "60"},
        "vnc": {
            "enabled": "true",
            "novncproxy_host": NOVA.listens(cluster, name)[0],
            "novncproxy_port": "6080",
            "novncproxy_base_url": f"http://{NOVA.beside_vip(cluster)}:6080/vnc_auto.html",
        },
    }


def _neutron(cluster: Cluster, name: str) -> _Own:
    return {
        "DEFAULT": {
            "core_plugin": "ml2",
            "service_plugins": "router",
            "bind_host": NEUTRON.listens(cluster, name)[0],
            "auth_strategy": "keystone",
            "rpc_workers": "1",
            "notify_nova_on_port_status_changes": "true",
            "notify_nova_on_port_data_changes": "true",
            # Two of each: a router by VRRP, and two agents that give addresses.
            "l3_ha": "true",
            "max_l3_agents_per_router": "2",
            "dhcp_agents_per_network": "2",
            # Of two nodes each has every network already: taken from one that is silent, its address would be the
            # other's, too, once it is back.
            "allow_automatic_dhcp_failover": "true" if len(cluster.names(Role.NETWORK)) > 2 else "false",
            "agent_down_time": "15",
        },
        "nova": identity(cluster, NEUTRON),
        # Of former settings: neutron has no such driver since 2025.1.
        "experimental": {"linuxbridge": None},
    }


def _ml2(cluster: Cluster) -> Keys:
    mine = agents_of(cluster)
    return {
        "ml2": {
            "type_drivers": "flat,vlan,vxlan",
            "tenant_network_types": "vlan" if mine.vlans else "vxlan",
            # The second tells each host of the others' ports: nothing is sent to all through tunnels to find out.
            "mechanism_drivers": "openvswitch,l2population",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": "*"},
        "ml2_type_vlan": {"network_vlan_ranges": ",".join(mine.ranges)},
        "ml2_type_vxlan": {"vni_ranges": "1:4094"},
    }


def _cinder(cluster: Cluster, name: str) -> _Own:
    default: Section = {"my_ip": cluster.address(name), "auth_strategy": "keystone"}
    if backends := volumes.of(cluster).backends:
        default["enabled_backends"] = ",".join(backends)
    return {
        "DEFAULT": default,
        "nova": identity(cluster, CINDER),
        "service_user": {**identity(cluster, CINDER), "send_service_user_token": "true"},
        **{name: _backend(cluster, name, backend) for name, backend in backends.items()},
    }


def _backend(cluster: Cluster, name: str, backend: volumes.Backend) -> Section:
    # Who serves it changes: its volumes are found by a name that does not.
    always: Section = {"volume_backend_name": name, "backend_host": volumes.of(cluster).backend_host}
    return always | {
        key: literal(secret(cluster, said)) if (said := volumes.named_secret(value)) else str(value)
        for key, value in backend.items()
    }


_OF: Mapping[str, Callable[[Cluster, str], _Own]] = {
    KEYSTONE.name: _keystone,
    PLACEMENT.name: _placement,
    GLANCE.name: _glance,
    NOVA.name: _nova,
    NEUTRON.name: _neutron,
    CINDER.name: _cinder,
}
