"""The database's accounts: what is put right, and that no secret shows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from cluster.state import Unknown
from facts.accounts import Accounts, parse_accounts
from operations.accounts import WantedAccount, statements

FIXTURES = Path(__file__).parent / "fixtures" / "galera"
PASSWORD = "it's \"a\\ secret;#"
OWN = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX"})
SST = frozenset({"RELOAD", "PROCESS", "LOCK TABLES", "BINLOG MONITOR", "SLAVE MONITOR"})
SOCKETS = [WantedAccount("mysql", "localhost", privileges=SST), WantedAccount("hatui_check", "localhost")]
PROBES = [WantedAccount("hatui_probe", f"192.168.52.{n}", password=PASSWORD, own_databases=OWN) for n in (120, 121)]


def seen(fixture: str) -> Accounts:
    accounts = parse_accounts((FIXTURES / f"{fixture}.txt").read_text())
    assert isinstance(accounts, Accounts), accounts
    return accounts


def test_accounts_that_are_as_wanted_are_left_alone() -> None:
    assert statements(seen("accounts"), SOCKETS) == []


def test_a_password_that_differs_is_put_right_and_never_said() -> None:
    left = statements(seen("accounts"), PROBES)
    assert [sentence for sentence, _ in left] == [
        f"put right the account hatui_probe@192.168.52.{n}" for n in (120, 121)
    ]
    assert PASSWORD not in repr(left) + repr(PROBES)


def test_a_password_that_is_the_same_is_left_alone() -> None:
    found = seen("accounts")
    key = ("hatui_probe", "192.168.52.120")
    secret = hashlib.sha256(PROBES[0].authentication.encode()).hexdigest()
    same = Accounts({**found.accounts, key: replace(found.accounts[key], secret=secret)}, found.databases)
    assert [sentence for sentence, _ in statements(same, PROBES)] == [
        "put right the account hatui_probe@192.168.52.121"
    ]


def test_the_servers_hash_of_a_password() -> None:
    # SELECT PASSWORD('password') on MariaDB 10.11.
    account = WantedAccount("u", "h", password="password")
    assert account.authentication == "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"


def test_the_package_s_almighty_account_loses_all_but_what_a_transfer_needs() -> None:
    left = dict(statements(seen("accounts-new"), SOCKETS))
    assert left["put right the account mysql@localhost"] == [
        "CREATE OR REPLACE USER 'mysql'@'localhost' IDENTIFIED VIA unix_socket",
        "GRANT BINLOG MONITOR, LOCK TABLES, PROCESS, RELOAD, SLAVE MONITOR ON *.* TO 'mysql'@'localhost'",
    ]


def test_the_own_database_is_no_pattern() -> None:
    left = dict(statements(seen("accounts-new"), PROBES))
    assert left["create the database hatui_probe"] == ["CREATE DATABASE `hatui_probe`"]
    assert (
        "ON `hatui\\_probe`.* TO 'hatui_probe'@'192.168.52.120'"
        in left["create the account hatui_probe@192.168.52.120"][1]
    )


def test_what_must_not_be_there_is_dropped() -> None:
    found = seen("accounts")
    probe = found.accounts["hatui_probe", "192.168.52.120"]
    extra = {("", "localhost"): probe, ("hatui_probe", "%"): probe, ("keystone", "%"): probe}
    accounts = Accounts({**found.accounts, **extra}, found.databases | {"test"})
    drops = [sql for _, sql in statements(accounts, SOCKETS + PROBES) if sql[0].startswith("DROP")]
    assert drops == [["DROP USER ''@'localhost'"], ["DROP USER 'hatui_probe'@'%'"], ["DROP DATABASE `test`"]]


def test_any_further_privilege_is_drift() -> None:
    found = seen("accounts")
    key = ("hatui_check", "localhost")
    for change in (
        {"privileges": frozenset({"SELECT"})},
        {"databases": {"nova": frozenset({"SELECT"})}},
        {"grantable": True},
        {"proxy": True},
        {"alternatives": 2},
        {"plugin": "mysql_native_password"},
    ):
        account = replace(found.accounts[key], **change)
        left = statements(Accounts({**found.accounts, key: account}, found.databases), SOCKETS)
        assert [sentence for sentence, _ in left] == ["put right the account hatui_check@localhost"], change


def test_an_answer_that_breaks_off_is_unknown() -> None:
    text = (FIXTURES / "accounts.txt").read_text()
    assert isinstance(parse_accounts(text[: len(text) // 2]), Unknown)
    assert isinstance(parse_accounts("ERROR 2002 (HY000): Can't connect"), Unknown)
    assert isinstance(parse_accounts("account\tx\nend"), Unknown)
