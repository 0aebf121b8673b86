"""A run's first moments: from the first line of its journal on, no signal ends it without a word there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cluster.outcome import Outcome
from engine.known_runs import runs
from tests.unit.wired import tag

ROOT = Path(__file__).parents[2]
# An engine that gets a signal at the moment when its journal has its first line, and has nothing else to do.
STRUCK = """
import os, signal, sys
from cluster.wire.journal import Begin
from pathlib import Path
from engine import run
from engine.journal import Journal
from engine.runbook import Plan
from operations.procedure import carry_out
from operations.steps import Step
from tests.unit.test_health import SPEC

class Struck(Journal):
    def tell(self, entry):
        super().tell(entry)
        if isinstance(entry, Begin):
            os.kill(os.getpid(), signal.Signals[sys.argv[1]])

def work(tell):
    step = Step("a", lambda: None, within=0)
    return carry_out([step], tell, lambda: begun.asked_to_stop or None)

run.Journal = Struck
order = run.Order(SPEC, Path("inventory.py"), "book", {}, "", yes=True, dry_run=False)
begun = run._Run(order, os.fdopen(os.dup(1), "w"))
sys.exit(begun._journaled(Plan("Move it"), "", work))
"""


@pytest.mark.parametrize(
    ("name", "outcome", "events"),
    [
        ("SIGTERM", Outcome.REFUSED, ["begin", "end"]),
        ("SIGHUP", Outcome.DONE, ["begin", "intent", "result", "end"]),
        ("SIGINT", Outcome.DONE, ["begin", "intent", "result", "end"]),
    ],
)
def test_a_signal_right_after_the_first_line_of_the_journal(
    name: str, outcome: Outcome, events: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", STRUCK, name], cwd=ROOT, timeout=30, capture_output=True, check=False)
    assert done.returncode == outcome.exit_code, done
    (run,) = runs("test")
    assert (run.outcome, [tag(event) for event in run.events]) == (outcome, events)
    assert run.end and run.end.reason == ("It was asked to stop (SIGTERM)." if outcome is Outcome.REFUSED else "")
