"""Which lab, which host, which names: nothing here touches the machine."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.keys import client_config
from lab.topology import HOSTS, RELEASES, check_hosts, hosts_of, parse_subnet

LAB = parse_subnet("192.168.47.0/24")


def test_the_reference_addresses() -> None:
    addresses = {host: str(LAB.address(host)) for host in HOSTS}
    assert addresses["haproxy1"] == "192.168.47.120"
    assert addresses["mysql3"] == "192.168.47.127"
    assert addresses["cc01"] == "192.168.47.100"
    assert addresses["net02"] == "192.168.47.111"
    assert RELEASES[0] == "trixie"


def test_no_two_things_share_an_address() -> None:
    used = [LAB.machine, *(LAB.address(host) for host in HOSTS), *(LAB.bmc_address(host) for host in HOSTS)]
    assert len(set(used)) == len(used)
    assert {str(LAB.subnet.network_address + vip) for vip in (47, 48)}.isdisjoint(str(address) for address in used)


def test_names_of_two_labs_differ_and_fit_the_kernel() -> None:
    other = parse_subnet("10.255.255.0/24")
    assert LAB.netns != other.netns
    assert LAB.state != other.state
    assert LAB.veth != other.veth
    assert max(len(lab.veth) for lab in (LAB, other)) <= 15


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rubbish", "'rubbish' is not a network"),
        ("192.168.47.1/24", "host bits set"),
        ("192.168.0.0/16", "not an IPv4 /24"),
        ("fd00::/64", "not an IPv4 /24"),
        ("8.8.8.0/24", "not private"),
    ],
)
def test_a_bad_subnet_is_named_with_a_good_one(text: str, says: str) -> None:
    with pytest.raises(LabError, match=says) as caught:
        parse_subnet(text)
    assert text in str(caught.value)
    assert "192.168.47.0/24" in str(caught.value)


def test_an_unknown_host_is_named_with_the_nearest() -> None:
    with pytest.raises(LabError, match="no host 'msql1': did you mean mysql1"):
        check_hosts(["cc01", "msql1"], HOSTS)
    with pytest.raises(LabError, match="no host 'zzz': it has haproxy1"):
        check_hosts(["zzz"], HOSTS)


def test_a_host_to_compute_is_there_with_openstack_alone() -> None:
    assert "cmp01" in hosts_of(openstack=True)
    with pytest.raises(LabError, match="no host 'cmp01': only one for OpenStack has it"):
        check_hosts(["cmp01"], hosts_of(openstack=False))


def test_a_host_named_twice_counts_once() -> None:
    assert check_hosts(["cc02", "cc01", "cc02"], HOSTS) == ["cc02", "cc01"]


def test_host_keys_are_checked_strictly_by_name_and_by_address() -> None:
    text = client_config(LAB, ("cc01", "mysql1"))
    assert "StrictHostKeyChecking yes" in text
    assert "Host mysql1 192.168.47.125\n    HostName 192.168.47.125" in text
    assert "UserKnownHostsFile /var/lib/halab/192.168.47.0_24/ssh/known_hosts" in text
