"""Numbers from hosts: read within bounds, so that every record can be told on, whatever a host says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pyinfra.api.facts import FactBase

from cluster.galera.record import GaleraNode
from cluster.haproxy.record import ProxyNode
from cluster.locked import LockNode
from cluster.number import MOST, real, whole, whole_or
from cluster.pacemaker.record import CrmStatus
from cluster.rabbitmq.record import BrokerNode
from cluster.state import Unknown
from cluster.vip import VipNode
from facts.accounts import Accounts, SqlAccounts
from facts.corosync import CorosyncQuorum
from facts.galera import WsrepStatus
from facts.galera_recovery import TablespacePosition, TableSums
from facts.haproxy import HaproxyStat
from facts.keepalived import VrrpOwner
from facts.lock import ClusterLock
from facts.pacemaker import CrmMon
from facts.rabbitmq import RabbitCluster

FIXTURES = Path(__file__).parent / "fixtures"
TOO_LONG = "9" * 5000
NUMBERS = (
    str(10**30),
    str(2**64),
    "-1",
    TOO_LONG,
    "-" + TOO_LONG,
    "nan",
    "NaN",
    "Infinity",
    "1e999",
    "1.5",
    "\u0663",
    "",
)
NUMBER = re.compile(r"(?<![\w.])-?\d+(\.\d+)?(?![\w.])")
UUID = "f8b4a00a-e86e-11f1-a617-86f4ff3a61af"
HELD = 'held\n{"run":"r1","who":"alice@a","since":1795572840.0,"why":"drain 47"}'
POSITION = (
    f"File.there=yes\nFile.uuid={UUID}\nFile.seqno=12\nFile.safe_to_bootstrap=1\n"
    f"Position=WSREP: Recovered position {UUID}:16 --wsrep_start_position={UUID}:16 "
)
SUMS = "book.pages\t4000123456\nExit=0\nWhy="


def kind(said: object) -> str:
    """A name for a case whose own may have too many digits."""
    return type(said).__name__


def answers() -> Iterator[Any]:
    """Each fact with each real answer to it."""
    layers: dict[str, FactBase[Any]] = {
        "corosync": CorosyncQuorum(),
        "haproxy": HaproxyStat(),
        "pacemaker": CrmMon(),
        "rabbitmq": RabbitCluster(),
        "vrrp": VrrpOwner(),
    }
    for folder, fact in layers.items():
        for path in sorted((FIXTURES / folder).glob("*.txt")):
            yield pytest.param(fact, path.read_text(), id=f"{folder}-{path.stem}")
    for path in sorted((FIXTURES / "galera").glob("*.txt")):
        fact = SqlAccounts() if path.stem.startswith("accounts") else WsrepStatus()
        yield pytest.param(fact, path.read_text(), id=f"galera-{path.stem}")
    yield pytest.param(ClusterLock(), HELD, id="lock")
    yield pytest.param(TablespacePosition(), POSITION, id="position")
    yield pytest.param(TableSums(), SUMS, id="sums")


def told(fact: FactBase[Any], text: str) -> Any:
    """The record of an answer; a line of JSON can be made of it, and it is short where it is a reason."""
    record = fact.process(text.splitlines())
    if isinstance(record, Unknown):
        assert len(record.reason) < 500 and record.reason.isprintable()
    if not isinstance(record, Accounts):
        # Accounts stay where they are read: they are no part of a snapshot.
        assert msgspec.json.decode(msgspec.json.encode(record)) is not None
    return record


@pytest.mark.parametrize(("fact", "text"), answers())
def test_no_number_that_a_host_tells_ends_whoever_reads_it(fact: FactBase[Any], text: str) -> None:
    asked = "refused" not in text and "401" not in text and not text.startswith("\nLeft=")
    # Where there is neither a socket nor a unit, it could not be asked.
    asked = asked and not ("watch.sock" in text and "UnitFileState=\n" in text)
    assert not isinstance(told(fact, text), Unknown) or not asked
    for number in NUMBERS:
        told(fact, NUMBER.sub(number, text))
        for found in NUMBER.finditer(text):
            told(fact, text[: found.start()] + number + text[found.end() :])


@pytest.mark.parametrize(("fact", "text"), answers())
def test_an_answer_that_is_cut_anywhere_ends_nobody(fact: FactBase[Any], text: str) -> None:
    for end in range(0, len(text), 7):
        told(fact, text[:end])


@pytest.mark.parametrize(
    ("folder", "fixture", "fact", "figure"),
    [
        ("galera", "synced", WsrepStatus(), "wsrep_last_committed\t20"),
        ("galera", "synced", WsrepStatus(), "wsrep_cluster_size\t3"),
        ("galera", "synced", WsrepStatus(), "wsrep_local_recv_queue\t0"),
        ("galera", "stopped", WsrepStatus(), "File.seqno="),
        ("corosync", "healthy", CorosyncQuorum(), "Total votes:      3"),
    ],
)
@pytest.mark.parametrize("number", [str(10**30), TOO_LONG, "-2", "nan"])
def test_a_figure_that_a_record_rests_on_makes_it_unknown(
    folder: str, fixture: str, fact: FactBase[Any], figure: str, number: str
) -> None:
    text = (FIXTURES / folder / f"{fixture}.txt").read_text()
    name = figure.rstrip("0123456789")
    changed = re.sub(re.escape(name) + r"[- ]*\d+", lambda _: name + number, text, count=1)
    assert changed != text
    record = told(fact, changed)
    assert isinstance(record, Unknown) and record.reason.startswith("its answer could not be read (")


def test_a_figure_that_is_told_besides_hides_nothing() -> None:
    def read(folder: str, fixture: str, fact: FactBase[Any], was: str, now: str) -> Any:
        text = (FIXTURES / folder / f"{fixture}.txt").read_text()
        assert was in text
        return told(fact, text.replace(was, now))

    broker = read("rabbitmq", "queues", RabbitCluster(), '"messages":12', f'"messages":{10**30}')
    assert isinstance(broker, BrokerNode) and {queue.messages for queue in broker.queues} == {0, 3}
    crm = read("pacemaker", "failcounts", CrmMon(), 'fail-count="2"', f'fail-count="{TOO_LONG}"')
    assert isinstance(crm, CrmStatus) and crm.resources[0].fail_counts == {}
    proxy = read("haproxy", "healthy", HaproxyStat(), "Uptime_sec: ", f"Uptime_sec: {10**30}")
    assert isinstance(proxy, ProxyNode) and proxy.uptime == 0 and proxy.servers
    vip = read("vrrp", "haproxy1", VrrpOwner(), '"prefixlen":24', f'"prefixlen":{10**30}')
    assert isinstance(vip, VipNode)
    vip = read("vrrp", "priority", VrrpOwner(), "Priority=111", f"Priority={10**30}")
    assert isinstance(vip, VipNode) and vip.priority is None
    for since in (str(10**30), "-1", "1e300"):
        lock = told(ClusterLock(), HELD.replace("1795572840.0", since))
        assert isinstance(lock, LockNode) and (lock.held, lock.who, lock.since) == (True, "alice@a", 0.0)


def test_what_galera_says_for_none_is_none() -> None:
    """Its -1, which the server writes without a sign."""
    text = (FIXTURES / "galera" / "cached.txt").read_text()
    for name in ("wsrep_last_committed", "wsrep_local_cached_downto", "wsrep_cluster_conf_id"):
        text = re.sub(rf"{name}\t\d+", f"{name}\t{2**64 - 1}", text)
    node = told(WsrepStatus(), text)
    assert isinstance(node, GaleraNode) and (node.seqno, node.conf_id, node.cached_downto) == (-1, -1, None)


def test_a_number_of_alternatives_without_bound_is_no_account() -> None:
    text = (FIXTURES / "galera" / "accounts.txt").read_text()
    assert isinstance(told(SqlAccounts(), re.sub(r"(?m)^(account.*\t)\d+$", rf"\g<1>{10**30}", text)), Unknown)


@pytest.mark.parametrize("said", ["0", "12", " 12\n", 12, str(MOST), "007"])
def test_a_whole_number(said: object) -> None:
    assert whole(said) == int(str(said))


@pytest.mark.parametrize(
    "said",
    ["", "-1", -1, "1.0", 1.0, "1_0", "+1", "\u0663", "1 2", True, None, [1], 2**63, str(2**63), TOO_LONG, 1 << 20000],
    ids=kind,
)
def test_what_is_no_whole_number_within_bounds(said: object) -> None:
    with pytest.raises(ValueError, match=r"^.{1,90}$"):
        whole(said)
    assert whole_or(None, said) is None


@pytest.mark.parametrize(
    ("said", "number"), [("0.000391", 0.000391), ("1.5e-05", 1.5e-05), ("1", 1.0), (0.5, 0.5), (3, 3.0)]
)
def test_a_number(said: object, number: float) -> None:
    assert real(said) == number


@pytest.mark.parametrize(
    "said",
    ["", "nan", "inf", "1e999", "-0.1", "1_0", True, None, float("nan"), float("inf"), 1 << 20000, TOO_LONG],
    ids=kind,
)
def test_what_is_no_number_within_bounds(said: object) -> None:
    with pytest.raises(ValueError, match=r"^.{1,90}$"):
        real(said)


@pytest.mark.parametrize(
    ("said", "words"),
    [(2.5, "2.5 is not from 0 to 1"), (2, "2 is not from 0 to 1"), (2**64, "a value of type int is not from 0 to 1")],
)
def test_a_number_that_is_out_of_bounds_is_named(said: object, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        real(said, 0, 1)
