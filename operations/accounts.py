"""The database's accounts: exactly those wanted, with exactly their privileges; others of their names go."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.operation import operation

from cluster.galera.gates import is_synced
from cluster.state import Unknown
from facts.accounts import Account, Accounts, SqlAccounts
from facts.galera import CLIENT
from operations.galera import nodes_of
from operations.hosts import look, shell
from operations.steps import Refused, Step, refused


@dataclass(frozen=True, slots=True)
class WantedAccount:
    """An account: by its password, or by the socket (the client's user of the operating system has the same name)."""

    user: str
    host: str
    password: str | None = field(default=None, repr=False)
    """None: unix_socket."""
    privileges: frozenset[str] = frozenset()
    """On everything."""
    own_databases: frozenset[str] = frozenset()
    """On its databases."""
    databases: tuple[str, ...] = ()
    """Its databases, made where they are missing; none: the one of the user's name."""
    charset: str = ""
    """Of a database where it is made; empty: the server's."""

    @property
    def plugin(self) -> str:
        return "unix_socket" if self.password is None else "mysql_native_password"

    @property
    def authentication(self) -> str:
        """The server's authentication string: SHA1 of SHA1, as the plugin mysql_native_password keeps it."""
        if self.password is None:
            return ""
        twice = hashlib.sha1(hashlib.sha1(self.password.encode()).digest())  # noqa: S324 (the server's own format)
        return "*" + twice.hexdigest().upper()

    @property
    def names(self) -> tuple[str, ...]:
        """Of its own databases."""
        return (self.databases or (self.user,)) if self.own_databases else ()

    def is_met_by(self, seen: Account) -> bool:
        databases = {pattern(name): self.own_databases for name in self.names}
        return (
            seen.plugin == self.plugin
            and seen.secret == hashlib.sha256(self.authentication.encode()).hexdigest()
            and not seen.alternatives
            and seen.privileges == self.privileges
            and seen.databases == databases
            and not seen.grantable
            and not seen.proxy
        )


def pattern(database: str) -> str:
    """A database's name as GRANT takes it, where _ and % stand for any character."""
    return database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def statements(seen: Accounts, wanted: Sequence[WantedAccount]) -> list[tuple[str, list[str]]]:
    """What is left to do: a sentence without secrets, and the SQL for it.

    Accounts without a name, accounts of a wanted name at another host, and the database `test` are dropped.
    """
    left: list[tuple[str, list[str]]] = []
    keys = {(account.user, account.host) for account in wanted}
    names = {account.user for account in wanted}
    for user, host in sorted(seen.accounts):
        if (user, host) not in keys and (not user or user in names):
            left.append((f"drop the account {user or '(no name)'}@{host}", [f"DROP USER {_account(user, host)}"]))
    if "test" in seen.databases:
        left.append(("drop the database test", ["DROP DATABASE `test`"]))
    databases = {name: one.charset for one in wanted for name in one.names}
    for database in sorted(databases.keys() - seen.databases):
        charset = f" CHARACTER SET {databases[database]}" if databases[database] else ""
        left.append((f"create the database {database}", [f"CREATE DATABASE {_identifier(database)}{charset}"]))
    for account in wanted:
        now = seen.accounts.get((account.user, account.host))
        if now is None or not account.is_met_by(now):
            verb = "create" if now is None else "put right"
            left.append((f"{verb} the account {account.user}@{account.host}", _account_sql(account)))
    return left


def _account_sql(account: WantedAccount) -> list[str]:
    name = _account(account.user, account.host)
    using = f" USING {_string(account.authentication)}" if account.authentication else ""
    # Made anew: nothing that the former one was granted is left, PROXY among it, which REVOKE can't always name.
    sql = [f"CREATE OR REPLACE USER {name} IDENTIFIED VIA {account.plugin}{using}"]
    if account.privileges:
        sql.append(f"GRANT {', '.join(sorted(account.privileges))} ON *.* TO {name}")
    privileges = ", ".join(sorted(account.own_databases))
    sql += [f"GRANT {privileges} ON {_identifier(pattern(database))}.* TO {name}" for database in account.names]
    return sql


def _string(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


def _account(user: str, host: str) -> str:
    return f"{_string(user)}@{_string(host)}"


@operation()
def accounts(hosts: Sequence[str], wanted: Sequence[WantedAccount]) -> Generator[PyinfraCommand, None, None]:
    """Make the accounts be as wanted, on the first of `hosts` that is Synced; the others receive them from it."""
    nodes = nodes_of(hosts)
    synced = [name for name, node in nodes.items() if is_synced(node)]
    if not synced:
        yield refused("The database's accounts", f"no node of {', '.join(hosts)} is Synced.")
        return
    name = synced[0]
    seen = look(name, SqlAccounts)
    if isinstance(seen, Unknown):
        yield refused("The database's accounts", f"{name}: {seen.reason}")
        return
    for sentence, sql in statements(seen, wanted):
        yield Step(f"{name}: {sentence}", lambda sql=sql: _run(name, sql))  # type: ignore[misc]


def _run(name: str, sql: Sequence[str]) -> None:
    try:
        # The statements travel on stdin; what the client says of an error quotes them, so that is kept back.
        shell(name, f"{CLIENT} -NB", stdin="".join(f"{statement};\n" for statement in sql), timeout=60)
    except Refused as refusal:
        code = str(refusal).partition("ERROR ")[2].split(" ", 1)[0] or "unknown"
        raise Refused(f"{name}: the server refused it with error {code} (see its log).") from None
