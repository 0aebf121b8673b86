"""A figure, the bound it is held against, and the ratio of the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured: one value a run, in `unit`. Lower is better, and the worst run is held against the bound."""

    name: str
    values: tuple[float, ...]
    unit: str
    bound: float

    @property
    def ratio(self) -> float:
        """The worst value as a share of the bound: above 1.0 the bound is missed."""
        return max(self.values) / self.bound


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table of the figures, the missed ones marked."""
    lines = ["| what | runs | median | worst | bound | worst / bound |", "| --- | --- | --- | --- | --- | --- |"]
    for figure in figures:
        mark = " **missed**" if figure.ratio > 1 else ""
        lines.append(
            f"| {figure.name} | {len(figure.values)} | {median(figure.values):.2f} {figure.unit} "
            f"| {max(figure.values):.2f} {figure.unit} | {figure.bound:g} {figure.unit} | {figure.ratio:.2f}{mark} |"
        )
    return "\n".join(lines)
