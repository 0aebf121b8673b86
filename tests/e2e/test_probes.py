"""What measures is measured: through the VIPs nothing fails, a cut is as long as it was, and what is lost is named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cluster.names import PROBE_ACCOUNT
from cluster.wire.probes import Target, Wanted
from engine.probes.measuring import Measuring
from engine.probing import Probing
from inventory import CLUSTER
from tests.e2e import lab
from tests.e2e.proxy import Proxy
from tests.e2e.writes import NODES, Writer
from tests.pace import stretched, wait_until

pytestmark = pytest.mark.lab


def queues() -> set[str]:
    return set(lab.ssh("cc01", f"rabbitmqctl -q list_queues -p {PROBE_ACCOUNT} name").split())


def test_nothing_fails_on_a_healthy_cluster(healthy: None) -> None:
    # Those of a prober that was killed with its test last a while longer.
    before = queues()
    probing = Probing(CLUSTER, ("sql", "amqp"))
    assert probing.start() is None
    time.sleep(5)
    felt = probing.stop()
    for one in (felt.services["sql"], felt.services["amqp"]):
        assert one.failed == 0 and one.probes > 450, felt
        assert one.stream.resets == 0 and one.stream.beats > 80, felt
        assert one.p99_ms is not None and one.longest_ms is not None, felt
        assert one.gap_ms < 1000 and one.p99_ms <= one.longest_ms, felt
    assert len(felt.services["sql"].answers) == 1, felt
    # What the probes leave, they take away.
    assert queues() <= before


def through(sql: Proxy, amqp: Proxy) -> Wanted:
    password = lab.secret_of("probe")
    return Wanted({"sql": Target("127.0.0.1", sql.port, password), "amqp": Target("127.0.0.1", amqp.port, password)})


def test_a_cut_is_as_long_as_it_was_and_resets_the_streams(cluster: object) -> None:
    with (
        Proxy(lab.VIP, 3306) as sql,
        Proxy(lab.VIP, 5670) as amqp,
        Measuring(through(sql, amqp)) as measuring,
    ):
        wait_until(lambda: not measuring.missing(), 10)
        time.sleep(0.5)
        begin = time.monotonic()
        for proxy in (sql, amqp):
            proxy.shut()
        time.sleep(1)
        cut = 1000 * (time.monotonic() - begin)
        for proxy in (sql, amqp):
            proxy.reopen()
        time.sleep(1)
    for name, felt in measuring.report().services.items():
        # What succeeded just before and just after it may have been told late, at worst as late as any success was.
        assert felt.longest_ms is not None
        told = 10 + felt.longest_ms
        assert cut - told < felt.gap_ms < cut + told, (name, felt)
        # A busy machine lets some fail that were not cut, and gives up a stream that was.
        assert felt.failed > 50 and felt.kinds, (name, felt)
        assert felt.stream.resets >= 1 and felt.stream.gap_ms is not None, (name, felt)
        assert cut - told < felt.stream.gap_ms < cut + stretched(500), (name, felt)


def test_what_hangs_is_given_up_and_opened_again(cluster: object) -> None:
    with (
        Proxy(lab.VIP, 3306) as sql,
        Proxy(lab.VIP, 5670) as amqp,
        Measuring(through(sql, amqp)) as measuring,
    ):
        wait_until(lambda: not measuring.missing(), 10)
        for proxy in (sql, amqp):
            proxy.freeze(3)
        time.sleep(3)
        # Until all that hung was given up, and the streams beat again.
        time.sleep(stretched(3))
    for name, felt in measuring.report().services.items():
        # It is over when what hung and this machine's own delay are.
        assert 2900 < felt.gap_ms < stretched(5000), (name, felt)
        # Those of the first second give up, and those that come too late when all are answered at once.
        assert felt.failed > 80 and "no answer within 2 s" in felt.kinds, (name, felt)
        assert felt.stream.resets == 1 and felt.stream.beats > 10, (name, felt)
        assert felt.stream.gap_ms is not None and 2900 < felt.stream.gap_ms < stretched(6000), (name, felt)


def test_what_is_lost_or_differs_is_named(cluster: object, tmp_path: Path) -> None:
    with Writer(tmp_path / "journal") as writer:
        writer.wait_for_acks(100, within=15)
    assert writer.errors == []
    table = f"{PROBE_ACCOUNT}.{writer.table}"

    def on(node: str, sql: str) -> None:
        lab.ssh(node, "mariadb", stdin=f"{sql};\n")

    on("mysql1", f"DELETE FROM {table} WHERE number = 42")
    assert writer.wrongs() == [f"{node}: 1 acknowledged and not there: [(42, 1)]" for node in NODES]
    on("mysql1", f"INSERT INTO {table} (number, attempt, body) VALUES (42, 1, 'x'), (43, 1, 'x'), (9999, 1, 'x')")
    assert writer.wrongs() == [
        sentence
        for node in NODES
        for sentence in (f"{node}: 1 there and never attempted: [(9999, 1)]", f"{node}: 1 there twice: [(43, 1)]")
    ]
    on("mysql1", f"DELETE FROM {table} WHERE body = 'x' AND number > 42")
    # On one node alone: the others are not told.
    on("mysql3", f"SET SESSION wsrep_on = OFF; UPDATE {table} SET body = 'y' WHERE number = 7")
    (different,) = writer.wrongs()
    assert "the nodes hold different data" in different
    on("mysql1", f"DELETE FROM {table} WHERE number = 7")
    assert writer.wrongs() == [f"{node}: 1 acknowledged and not there: [(7, 1)]" for node in NODES]
    on("mysql1", f"DROP TABLE {table}")


def test_no_acknowledged_write_is_missing(cluster: object, tmp_path: Path) -> None:
    with Writer(tmp_path / "journal") as writer:
        writer.wait_for_acks(50, within=15)
    assert writer.wrongs() == []
