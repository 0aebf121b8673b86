"""The lines of one node: what its facts say, without what says nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from cluster.wire.observed import told
from engine.seen import Seen
from tests.streams.build import SPEC
from tests.streams.topology import well
from tui.console.known import Known
from tui.console.views.node import node


def facts(**unit: Any) -> list[str]:
    """The facts of mysql2's MariaDB, with these of its unit."""
    line = msgspec.to_builtins(Seen.of(SPEC, well(SPEC, 0)).snapshot(SPEC, 0.0))
    line["state"]["galera"]["mysql2"]["service"] |= unit
    known = Known()
    known.take(told(msgspec.json.encode(line)), 0.0)
    return [line.plain for line in node(known, 0.0, "mysql2") if "mysql2 galera service." in line.plain]


def test_what_a_unit_says_of_itself_only_where_it_is_not_well_is_left_out_where_it_is() -> None:
    quiet = facts(started="31b3b44c")
    assert "mysql2 galera service.active: active" in quiet
    assert not [line for line in quiet if any(word in line for word in ("edited", "known", "frozen", "started"))]
    loud = facts(edited=["/etc/mysql/mariadb.conf.d/60-hatui.cnf"], known=False, frozen=True)
    assert set(loud) - set(quiet) == {
        "mysql2 galera service.edited: /etc/mysql/mariadb.conf.d/60-hatui.cnf",
        "mysql2 galera service.known: no",
        "mysql2 galera service.frozen: yes",
    }
