"""Tries mutants: the tests are loaded once, and each mutant gets a fork of this process, in which it replaces the code.

What is run while a module is loaded, or in a process of its own, is changed on disk instead, in a copy of the
repository.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.mutants.copies import Copy
from tests.mutants.covering import PROCESSES, ROOT, SELECTED, Covering
from tests.mutants.mutations import Mutant

CPU = 300
"""Seconds of work after which a mutant is taken to go on for ever."""
WALL = 300
"""Seconds after which one is taken to wait for ever: its tests take a minute at most on a quiet machine."""
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not lab")

Place = tuple[str, str]
"""Of a function: file and qualified name."""
Functions = dict[Place, list[FunctionType]]
Swaps = list[tuple[FunctionType, CodeType]]


@dataclass(frozen=True, slots=True)
class _Trial:
    mutant: Mutant
    copy: Copy | None
    begun: float


def tried(sample: Sequence[Mutant], covering: Covering, copies: Sequence[Copy]) -> Iterator[tuple[Mutant, str]]:
    """What becomes of each: "killed", "survived" or "timed out".

    As many at once as there are copies, and as many besides: many wait, of those that are changed here some for ever.
    What also runs as a process of its own gets its copy once it has survived here, which takes a fraction of the time.
    """
    functions, tests = _load()
    words = {mutant: covering.tests_of(mutant, tests) for mutant in sample}
    swaps = {mutant: _swaps(mutant, functions) for mutant in sample}
    here = [mutant for mutant in sample if swaps[mutant] and words[mutant]]
    there = [mutant for mutant in sample if not (swaps[mutant] and words[mutant])]
    free = list(copies)
    running: dict[int, _Trial] = {}
    try:
        while here or there or running:
            while there and free:
                mutant, copy = there.pop(), free.pop()
                pid = _forked(partial(copy.run, mutant, [*OPTIONS, *words[mutant], *PROCESSES.get(mutant.path, ())]))
                running[pid] = _Trial(mutant, copy, time.monotonic())
            while here and sum(trial.copy is None for trial in running.values()) < len(copies):
                mutant = here.pop()
                pid = _forked(partial(_swap, swaps[mutant], [*OPTIONS, *words[mutant]]))
                running[pid] = _Trial(mutant, None, time.monotonic())
            for pid, trial in list(running.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    del running[pid]
                    if trial.copy is not None:
                        trial.copy.restore(trial.mutant.path)
                        free.append(trial.copy)
                    code = os.waitstatus_to_exitcode(status)
                    if not code and trial.copy is None and trial.mutant.path in PROCESSES:
                        words[trial.mutant] = []
                        there.append(trial.mutant)
                        continue
                    yield trial.mutant, "timed out" if code < 0 else "killed" if code else "survived"
                elif time.monotonic() - trial.begun > WALL:
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(0.01)
    finally:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


class _Loaded:
    """The tests that there are (file::function), as pytest tells; its plugin."""

    def __init__(self) -> None:
        self.tests: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tests = {item.nodeid.partition("[")[0] for item in session.items}


def _load() -> tuple[Functions, set[str]]:
    """Load the tests; the functions of all that they load, and the tests."""
    loaded = _Loaded()
    with _quiet():
        pytest.main(["--collect-only", *OPTIONS, *SELECTED], plugins=[loaded])
    # What is there now is left where it is: a fork shares it.
    gc.collect()
    found: Functions = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            found.setdefault((thing.__code__.co_filename, thing.__code__.co_qualname), []).append(thing)
    gc.freeze()
    return found, loaded.tests


def _forked(work: Callable[[], int]) -> int:
    """Have a fork of this process do it, and end with its exit code; the process's number."""
    pid = os.fork()
    if pid:
        return pid
    code = 4
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU + 5))
        with _quiet():
            code = work()
    finally:
        os._exit(code)


def _swap(swaps: Swaps, words: list[str]) -> int:
    for function, code in swaps:
        function.__code__ = code
    return int(pytest.main(words))


def _swaps(mutant: Mutant, functions: Functions) -> Swaps:
    """The functions that are changed and what their code becomes; nothing if that is not all there is to change."""
    file = str(ROOT / mutant.path)
    old, new = (_bodies(compile(text, file, "exec")) for text in ((ROOT / mutant.path).read_text(), mutant.text))
    changed = [place for place in new if _shape(new[place]) != _shape(old[place])]
    # One that was made while its module was loaded keeps its code, whatever becomes of the function that made it.
    if any(_shape(inner) not in map(_shape, _inner(old[place])) for place in changed for inner in _inner(new[place])):
        return []
    found = [(function, new[place]) for place in changed for function in functions.get((file, place), ())]
    return found if len(found) == len(changed) else []


def _bodies(code: CodeType) -> dict[str, CodeType]:
    """The code of a file or a class, and of every function that stands in it, by its qualified name."""
    found = {f"<{code.co_qualname}>": code}
    for one in code.co_consts:
        if isinstance(one, CodeType):
            found |= {one.co_qualname: one} if one.co_flags & inspect.CO_OPTIMIZED else _bodies(one)
    return found


def _inner(code: CodeType) -> list[CodeType]:
    """The functions that stand in a function; comprehensions are none, which are made where they are used."""
    return [one for one in code.co_consts if isinstance(one, CodeType) and not one.co_name.endswith(("comp>", "expr>"))]


def _shape(code: CodeType) -> tuple[object, ...]:
    """What it does, without the numbers of its lines; of a file or a class without the functions in it."""
    whole = code.co_flags & inspect.CO_OPTIMIZED
    consts = [const for const in code.co_consts if whole or not isinstance(const, CodeType)]
    shapes = tuple(_shape(const) if isinstance(const, CodeType) else repr(const) for const in consts)
    return code.co_code, code.co_names, code.co_varnames, shapes


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is written meanwhile, whoever writes."""
    kept = os.dup(1), os.dup(2)
    sys.stdout.flush()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            for descriptor, where in zip(kept, (1, 2), strict=True):
                os.dup2(descriptor, where)
                os.close(descriptor)
