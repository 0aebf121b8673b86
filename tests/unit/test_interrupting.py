"""Ctrl-C under plain pyinfra: it comes to the steps that are carried out, wherever they wait."""

from __future__ import annotations

import os
import signal

import gevent
import pytest

from cluster.outcome import Outcome, Result
from operations.interrupting import interruptible
from operations.procedure import carry_out
from operations.steps import Step


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_comes_to_the_steps_which_take_back_what_they_did(number: signal.Signals) -> None:
    done: list[str] = []
    before = signal.getsignal(number)

    def act() -> None:
        done.append("drained")
        os.kill(os.getpid(), number)
        gevent.sleep(60)

    def undo() -> None:
        # One who is impatient does not hold it up.
        os.kill(os.getpid(), number)
        gevent.sleep(0)
        done.clear()

    def work() -> Result:
        with interruptible():
            return carry_out([Step("drain", act, undo=undo)], lambda _entry, /: None)

    # As pyinfra does it: the steps have a greenlet of their own, and the main one waits.
    result = gevent.spawn(work).get(timeout=30)
    assert result == Result(Outcome.REVERTED, "drain: It was interrupted. drain was undone.")
    assert done == [] and signal.getsignal(number) == before
