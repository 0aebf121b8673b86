"""A verb and its engine: however the engine ends, the verb ends with an outcome's exit code and says what to do."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from shlex import quote

import msgspec
import pytest

from cluster.exits import WRONG_CALL
from cluster.outcome import Outcome
from cluster.wire.journal import Begin, End
from cluster.wire.lines import FIRST, VERSION, Message, Wire, line
from cluster.wire.runs import Candidate, Ended, Journaled, PlannedStep, Proposal
from engine.journal import Journal
from engine.paths import journal_path
from tui.act import Ask, act, shown
from tui.console.views.plan import candidates

ROOT = Path(__file__).parents[2]
PLAN = Proposal(
    runbook="x", title="Move it", refused="", already="", steps=(PlannedStep("a"),), candidates=(), origin="",
    target="", expected="", measured=(), undo="", evidence="", typed="", in_stages=False, broken=(),
)  # fmt: skip
BEGIN = Begin(
    run="one", runbook="x", parameters={}, title="Move it", steps=("a",), origin="", target="", who="me", why="", pid=1
)
DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of Python that is run instead of the engine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    script, program = tmp_path / "stand_in.py", tmp_path / "python"
    program.write_text(f"#!/bin/sh\nPYTHONPATH={quote(str(ROOT))} exec {quote(sys.executable)} {quote(str(script))}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return script


def says(*messages: Message, first: bytes = FIRST) -> str:
    told = b"".join([first, *map(line, messages)]).decode()
    return f"print({told!r}, end='', flush=True)\n"


def ask(*, yes: bool = True) -> Ask:
    return Ask(Path("inventory.py"), "x", {}, yes=yes)


def journal() -> Journaled:
    return Journaled("one", str(journal_path("book", "one")))


@pytest.mark.parametrize(
    "said",
    [says(), says(PLAN), says(PLAN) + "print('{\"jour', end='')\n", says(PLAN, Journaled("one", "/no"))],
    ids=["silent", "planned", "torn", "no journal"],
)
def test_an_engine_that_is_killed_before_its_journal_begins_has_changed_nothing(
    said: str, engine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.write_text(said + f"import sys; sys.stdout.flush(); {DIE}\n")
    assert act(ask()) == Outcome.REFUSED.exit_code
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.startswith("REFUSED") and "nothing was changed" in last
    assert "killed (signal 9)" in last and "Run the same again" in last


def test_an_engine_that_is_killed_after_its_first_line_is_told_of_by_its_journal(
    engine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # The verb hears of the journal, and only then is it begun.
    engine.write_text(
        f"{says(journal())}import time; time.sleep(0.3)\n"
        "from cluster.wire.journal import Begin\n"
        "from engine.journal import Journal\n"
        f"journal = Journal('book', 'one'); journal.tell({BEGIN!r})\n{DIE}\n"
    )
    assert act(ask()) == Outcome.UNKNOWN.exit_code
    assert "run one died before its first step" in capfd.readouterr().out


@pytest.mark.parametrize("code", [1, 2, 3, 99])
def test_an_exit_code_that_is_no_outcome_began_nothing_and_what_was_said_is_shown(
    code: int, engine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.write_text(f"import sys; print('Traceback', file=sys.stderr); sys.exit({code})\n")
    assert act(ask()) == Outcome.REFUSED.exit_code
    said = capfd.readouterr()
    assert f"ended with {code}" in said.out and "Traceback" in said.err


@pytest.mark.parametrize("code", sorted(WRONG_CALL))
def test_what_the_engine_says_of_a_wrong_call_is_passed_on(
    code: int, engine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.write_text(f"import sys; print('There is no inventory x.', file=sys.stderr); sys.exit({code})\n")
    assert act(ask()) == code
    said = capfd.readouterr()
    assert said.err == "There is no inventory x.\n" and said.out == ""


def test_an_engine_that_says_much_on_stderr_is_not_held_up(engine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """200 kB filled the pipe that was read only at the end, and both waited for ever."""
    engine.write_text(f"import sys; sys.stderr.write('x' * 200_000); sys.exit({Outcome.REFUSED.exit_code})\n")
    assert act(ask()) == Outcome.REFUSED.exit_code
    assert capfd.readouterr().err.startswith("x" * 60_000)


def test_an_engine_that_ends_without_a_word_did_not_succeed(engine: Path) -> None:
    engine.write_text(says(PLAN))
    assert act(ask()) == Outcome.REFUSED.exit_code


def test_who_agrees_to_the_plan_of_an_engine_that_died_meanwhile_is_told_so(
    engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the verb's own main does, a broken pipe ends the process: not this one."""
    engine.write_text(f"{says(PLAN)}import os; os.close(0); {DIE}\n")

    def answer(_: str) -> str:
        time.sleep(0.3)
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    former = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        assert act(ask(yes=False)) == Outcome.REFUSED.exit_code
    finally:
        signal.signal(signal.SIGPIPE, former)


@pytest.mark.parametrize("end", list(Outcome))
def test_a_run_that_ends_gives_its_own_exit_code(end: Outcome, engine: Path) -> None:
    engine.write_text(says(journal()))
    begun = Journal("book", "one")
    begun.tell(BEGIN)
    begun.tell(End(end, ""))
    begun.close()
    assert act(ask()) == end.exit_code


def test_what_is_refused_before_a_journal_is_refused(engine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    refused = Ended(Outcome.REFUSED, "bob holds the lock")
    engine.write_text(says(refused) + f"import sys; sys.exit({Outcome.REFUSED.exit_code})\n")
    assert act(ask()) == Outcome.REFUSED.exit_code
    assert "bob holds the lock" in capfd.readouterr().out


def test_a_candidate_is_told_with_what_is_so_of_it_now_and_what_is_against_it() -> None:
    told = (Candidate("p_vip", now="on cc01"), Candidate("api", "api failed"))
    plan = msgspec.structs.replace(PLAN, candidates=told)
    lines = shown(plan).splitlines()
    assert "  candidate p_vip (on cc01): ok" in lines and "  candidate api: api failed" in lines
    assert [line.text for line in candidates(plan)] == ["  ● p_vip  on cc01  ok", "  ✖ api  api failed"]


def test_an_engine_that_found_nothing_to_do_and_said_so_is_believed(engine: Path) -> None:
    plan = msgspec.structs.replace(PLAN, steps=(), already="It is whole.")
    done = Ended(Outcome.DONE, "It is whole.")
    engine.write_text(says(plan, done))
    assert act(ask()) == 0
    # With steps that nobody took, it is not.
    engine.write_text(says(PLAN, done))
    assert act(ask()) == Outcome.REFUSED.exit_code


@pytest.mark.parametrize("first", [line(Wire(VERSION + 1)), b""], ids=["newer", "former"])
def test_an_engine_of_another_version_is_ended_before_it_begins(
    first: bytes, engine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine.write_text(f"{says(PLAN, first=first)}import time; time.sleep(60)\n")
    assert act(ask()) == Outcome.REFUSED.exit_code
    said = capfd.readouterr()
    assert f"this program reads version {VERSION}" in said.err and said.err.count("\n") == 1
    assert said.out == "It was stopped before it had begun: nothing was changed.\n"
