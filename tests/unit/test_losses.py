"""What is read before a recovery is forced."""

from __future__ import annotations

from engine.losses import told


def test_what_is_lost_and_who_must_be_off() -> None:
    assert told([], []) == "Lost:\n  nothing that is known of"
    assert told(["2 transactions"], ["mysql2", "mysql3"]) == (
        "Lost:\n  - 2 transactions\nSee to it that mysql2, mysql3 is off: if it serves, there will be two clusters."
    )
    assert told([], ["cc02"], "its broker").endswith("cc02 is off: if its broker serves, there will be two clusters.")
