"""Names and paths of neutron's agents on a network node (Debian's packages)."""

from __future__ import annotations

from collections.abc import Mapping

NEUTRON_CONFIG = "/etc/neutron/neutron.conf"
L3_CONFIG = "/etc/neutron/l3_agent.ini"
DHCP_CONFIG = "/etc/neutron/dhcp_agent.ini"
METADATA_CONFIG = "/etc/neutron/metadata_agent.ini"
SWITCH_CONFIG = "/etc/neutron/plugins/ml2/openvswitch_agent.ini"

SWITCH_UNIT = "openvswitch-switch.service"
"""Open vSwitch as a whole: what is enabled."""
VSWITCHD_UNIT = "ovs-vswitchd.service"
"""Its process that forwards, which the former starts."""
L3_UNIT = "neutron-l3-agent.service"
AGENTS: Mapping[str, str] = {
    "neutron-openvswitch-agent.service": SWITCH_CONFIG,
    "neutron-dhcp-agent.service": DHCP_CONFIG,
    "neutron-metadata-agent.service": METADATA_CONFIG,
    L3_UNIT: L3_CONFIG,
}
"""Each agent's unit, to the file that it reads beside NEUTRON_CONFIG, in the order in which they are started."""
LEAVING = frozenset({"neutron-dhcp-agent.service", L3_UNIT})
"""Those whose processes in the namespaces (dnsmasq, keepalived, haproxy) are what serves, and go on without them."""
AWAY = ("haproxy.service", "keepalived.service", "radvd.service")
"""Units of packages that the agents start processes of by themselves: these have no settings here, and must not run."""

METADATA_SECRET = "metadata"  # noqa: S105 (a secret's name)
"""By which nova knows that a question for metadata comes from an agent."""
HA_FOLDER = "/var/lib/neutron/ha_confs"
"""A folder a router, with what its keepalived is; neutron's default for `ha_confs_path`."""
TELLS = "neutron-keepalived-state-change"
"""The program, one a router, that tells the agent and that file what the router's keepalived is."""
DHCP_FOLDER = "/var/lib/neutron/dhcp"
"""A folder a network, with what its dnsmasq is."""


def files(unit: str) -> tuple[str, ...]:
    """What an agent's unit reads when it starts."""
    return (NEUTRON_CONFIG, AGENTS[unit])
