"""What was felt, as figures that take the same room after two hours as after a second."""

from __future__ import annotations

import math
from array import array
from collections import Counter

from cluster.text import clean

TIMEOUT = 2.0
"""Seconds after which a client gives up; a later answer counts as failed."""
KINDS = 20
"""Kinds of failures, and answers, that are told apart; all others are counted together."""
OTHERS = "others"

_BUCKET = 0.0001
"""Seconds: how exactly a latency is kept."""


class Tally:
    """How often each text was seen, for at most KINDS texts."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def add(self, text: str) -> None:
        self._seen[text if text in self._seen or len(self._seen) < KINDS else OTHERS] += 1

    def counts(self) -> dict[str, int]:
        """The most frequent first."""
        return dict(self._seen.most_common())


class Silence:
    """The longest time between two successes that follow each other, exact to the clock of who tells of them.

    Times are seconds of one clock, and are told in their order.
    """

    def __init__(self, begin: float) -> None:
        self._last = begin
        self.longest = 0.0

    def broken(self, at: float) -> None:
        """A success, or the end of the measuring: a silence that lasts to the end counts as long as it was seen."""
        self.longest = max(self.longest, at - self._last)
        self._last = max(self._last, at)


class Felt:
    """The probes of one service. Not for two threads at once."""

    def __init__(self, begin: float) -> None:
        self.probes = 0
        self.failed = 0
        self.longest = 0.0
        """The longest latency of a successful probe, in seconds."""
        self.late = 0.0
        """How far the prober itself was behind its schedule at worst, in seconds: that much may be its own doing."""
        self.last_answer = ""
        self._silence = Silence(begin)
        self._kinds = Tally()
        self._answers = Tally()
        self._latencies = array("L", bytes(array("L").itemsize * (round(TIMEOUT / _BUCKET) + 1)))

    def succeeded(self, scheduled: float, ended: float, answer: str) -> None:
        """A probe that was due at `scheduled` did what it was for at `ended`; told in the order of `ended`."""
        took = ended - scheduled
        if took > TIMEOUT:
            self.failed_with(f"answered after more than {TIMEOUT:g} s")
            return
        self.probes += 1
        self.longest = max(self.longest, took)
        self._latencies[math.ceil(max(took, 0.0) / _BUCKET)] += 1
        self._silence.broken(ended)
        if answer:
            self.last_answer = clean(answer, 80)
            self._answers.add(self.last_answer)

    def failed_with(self, kind: str) -> None:
        """A probe failed."""
        self.probes += 1
        self.failed += 1
        self._kinds.add(kind)

    def ended(self, at: float) -> None:
        """The measuring is over."""
        self._silence.broken(at)

    @property
    def succeeded_once(self) -> bool:
        return self.probes > self.failed

    @property
    def gap(self) -> float:
        """The longest time without a success, from the first probe's schedule to the end, in seconds. Exact."""
        return self._silence.longest

    @property
    def kinds(self) -> dict[str, int]:
        return self._kinds.counts()

    @property
    def answers(self) -> dict[str, int]:
        return self._answers.counts()

    def latency(self, share: float) -> float | None:
        """The latency that `share` of the successful probes stayed below, in seconds, rounded up to 0.1 ms."""
        wanted = math.ceil((self.probes - self.failed) * share)
        counted = 0
        for index, count in enumerate(self._latencies):
            counted += count
            if count and counted >= wanted:
                return index * _BUCKET
        return None

    def __str__(self) -> str:
        p99 = self.latency(0.99)
        return (
            f"{self.failed} of {self.probes} failed, longest gap {1000 * self.gap:.0f} ms, "
            f"p99 {'none' if p99 is None else f'{1000 * p99:.0f} ms'}, longest {1000 * self.longest:.0f} ms, "
            f"prober late by {1000 * self.late:.0f} ms, answers {self.answers} {self.kinds or ''}"
        ).rstrip()

    # An assertion that fails on what was felt shows it.
    __repr__ = __str__


class Heard:
    """One stream that stays open: its beats, and how often it was cut. Not for two threads at once."""

    def __init__(self) -> None:
        self.beats = 0
        self.resets = 0
        """How often the stream was cut, or given up, after it had been open."""
        self._silence: Silence | None = None
        self._kinds = Tally()

    def beat(self, at: float) -> None:
        """The service did what it was asked for, at `at`."""
        self.beats += 1
        if self._silence is None:
            self._silence = Silence(at)
        self._silence.broken(at)

    def broke(self, kind: str, *, was_open: bool) -> None:
        """The stream was cut, or could not be opened."""
        self.resets += was_open
        self._kinds.add(kind)

    def ended(self, at: float) -> None:
        """The measuring is over."""
        if self._silence is not None:
            self._silence.broken(at)

    @property
    def gap(self) -> float | None:
        """The longest time without a success, from the first one to the end, in seconds; None if there was none."""
        return None if self._silence is None else self._silence.longest

    @property
    def kinds(self) -> dict[str, int]:
        return self._kinds.counts()


def kind_of(error: BaseException) -> str:
    """What failed, in few words; the system's reason where a library wraps it in an error of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError):
            return f"no answer within {TIMEOUT:g} s"
        if isinstance(cause, OSError) and cause.strerror:
            return clean(cause.strerror.lower(), 100)
        cause = cause.__cause__ or cause.__context__
    match error.args:
        # A database's or a broker's error has a number.
        case (int(code), str(text)):
            return clean(f"{text} ({code})", 100)
    return clean(f"{type(error).__name__}: {error}", 100)
