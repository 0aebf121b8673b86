"""Who has an address, ten times a second, by the hosts' kernels: of hosts that the network does not reach, too."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lab import hosts, process
from tests.e2e import lab
from tests.e2e.load import Load


class Holders(Load):
    """Looks while its context is open."""

    PAUSE = 0.1

    def __init__(self, address: str, *names: str) -> None:
        super().__init__()
        self.samples: list[tuple[str, ...]] = []
        """Which of `names` had it, look by look."""
        self._line = f"|-- {address}\n"
        self._names = names
        self._inits: dict[str, int] = {}

    @property
    def now(self) -> Sequence[str]:
        """Who has it."""
        return self.samples[-1] if self.samples else ()

    @property
    def twice(self) -> list[tuple[str, ...]]:
        """The looks at which more than one had it."""
        return [sample for sample in self.samples if len(sample) > 1]

    def _prepare(self) -> None:
        """There is nothing to make."""

    def _run(self) -> None:
        while not self._stop.wait(self.PAUSE):
            self.samples.append(tuple(name for name in self._names if self._has(name)))

    def _has(self, name: str) -> bool:
        """Whether it is among the addresses that a host's kernel takes for its own; a host without power has none."""
        for _ in range(2):
            with suppress(KeyError, OSError):
                return self._line in Path(f"/proc/{self._inits[name]}/net/fib_trie").read_text()
            # It has booted since, or has no power.
            self._inits.pop(name, None)
            nspawn = hosts.running(lab.LAB, name)
            if child := next(iter(process.children(nspawn)), None) if nspawn else None:
                self._inits[name] = child.pid
        return False
