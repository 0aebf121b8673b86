"""The settings of neutron's agents on a network node, and how their units are started.

Sources: neutron's configuration reference; Debian's packages of 2025.1 and Zed.
"""

from __future__ import annotations

from cluster.agents.names import (
    AGENTS,
    DHCP_CONFIG,
    L3_CONFIG,
    LEAVING,
    METADATA_CONFIG,
    NEUTRON_CONFIG,
    SWITCH_CONFIG,
    files,
)
from cluster.agents.settings import agents_of, clustered
from cluster.openstack.table import NOVA
from cluster.spec import Cluster
from deploy.openstack_settings import Section, metadata_secrets, queue_secrets, queued
from operations.files import ManagedFile
from operations.ini import Keys
from operations.service import drop_in, stamp_lines


def settings(cluster: Cluster, name: str) -> dict[str, Keys]:
    """The keys of each of the agents' files on the network node `name`, by the file's path."""
    main = queued(cluster)
    main["DEFAULT"] |= {"core_plugin": "ml2"}
    # Who has not told of itself for three turns is taken for dead (neutron's agent_down_time).
    main["agent"] = {"report_interval": "5"}
    # They ask no database, and nobody asks them with a token: what Debian's file has of that names nothing.
    plugged, datapath = _plugged(cluster)
    return {
        NEUTRON_CONFIG: main,
        L3_CONFIG: {"DEFAULT": plugged, "ovs": datapath},
        DHCP_CONFIG: {"DEFAULT": {**plugged, "enable_isolated_metadata": "true"}, "ovs": datapath},
        METADATA_CONFIG: {
            "DEFAULT": {
                "nova_metadata_host": NOVA.beside_vip(cluster),
                "metadata_proxy_shared_secret": metadata_secrets(cluster)[0],
            }
        },
        SWITCH_CONFIG: _switch(cluster, name),
    }


def hidden(cluster: Cluster) -> tuple[str, ...]:
    """What of these settings is never shown."""
    return (*queue_secrets(cluster), *metadata_secrets(cluster))


def _plugged(cluster: Cluster) -> tuple[Section, Section]:
    """How what is in a namespace is plugged into the switch. Its own datapath can't have its ports in namespaces."""
    mine = agents_of(cluster)
    by_pair = "true" if mine.datapath == "netdev" else "false"
    return {"interface_driver": "openvswitch", "ovs_use_veth": by_pair}, {"datapath_type": mine.datapath}


def _switch(cluster: Cluster, name: str) -> Keys:
    mine = agents_of(cluster)
    return {
        "ovs": {
            "datapath_type": mine.datapath,
            "bridge_mappings": ",".join(f"{one}:br-{one}" for one in mine.mapped),
            # Tunnels begin and end at the host's own address.
            "local_ip": cluster.address(name) if mine.tunnels else None,
        },
        "agent": {
            "tunnel_types": "vxlan" if mine.tunnels else "",
            "l2_population": "true" if mine.tunnels else None,
        },
        "securitygroup": {"firewall_driver": "openvswitch", "enable_security_group": "true"},
    }


def drop_ins(cluster: Cluster) -> list[ManagedFile]:
    """How each agent's unit is started."""
    # One alone starts it anew: Pacemaker, or systemd.
    again = "Restart=no" if clustered(cluster) else "Restart=on-failure\nRestartSec=3"
    return [_drop_in(unit, again) for unit in AGENTS]


def _drop_in(unit: str, again: str) -> ManagedFile:
    lines = [stamp_lines(unit, files(unit), reloads=False)]
    if unit in LEAVING:
        # What serves is started by the agent, and stays while it restarts; Debian 13 has this of one of the two.
        lines.append("KillMode=process\n")
    # The agents share these folders, which systemd would take away when one of them stops.
    lines.append(f"RuntimeDirectoryPreserve=yes\n{again}\n")
    return drop_in(unit, "".join(lines), unit_lines="StartLimitIntervalSec=0\n")
