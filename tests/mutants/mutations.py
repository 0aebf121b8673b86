"""The small changes that are made: a comparison turned, a condition dropped, and/or swapped, a number by one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

TURNED: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
LOOSE = (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Lambda)
"""What needs brackets where it becomes a part of something else."""
ANSWERS: dict[type[ast.AST], tuple[str, ...]] = {ast.While: ("False",), ast.Assert: ()}
"""What a condition becomes there: a loop without an end would only cost time, and an assertion decides nothing."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with one change."""

    path: str
    line: int
    """The first line that is changed, counted from 1."""
    was: str
    """The changed lines as they are, without their indents, joined by a space."""
    now: str
    text: str
    """The whole file with the change."""
    lines: tuple[int, int]
    """The first and the last line of what is changed."""
    diff: str


def mutants(path: str, source: str) -> list[Mutant]:
    """Every change that is made to `source`, in the order of the lines."""
    return sorted(_each(path, source), key=lambda mutant: (mutant.line, mutant.was, mutant.now))


def _each(path: str, source: str) -> Iterator[Mutant]:
    text = _Text(source)
    seen = set()
    for node, answers in _mutable(ast.parse(source)):
        for change in _changes(node, answers, text):
            if change not in seen:
                seen.add(change)
                yield _mutant(path, source.encode(), change, (node.lineno, node.end_lineno or node.lineno))


def _mutant(path: str, source: bytes, change: tuple[int, int, str], lines: tuple[int, int]) -> Mutant:
    start, end, new = change
    first = source.rfind(b"\n", 0, start) + 1
    last = (source + b"\n").index(b"\n", end)
    was = source[first:last].decode().split("\n")
    now = (source[first:start] + new.encode() + source[end:last]).decode().split("\n")
    return Mutant(
        path,
        source.count(b"\n", 0, first) + 1,
        " ".join(line.strip() for line in was),
        " ".join(line.strip() for line in now),
        (source[:start] + new.encode() + source[end:]).decode(),
        lines,
        "\n".join([*(f"-{line}" for line in was), *(f"+{line}" for line in now)]),
    )


class _Text:
    """Where the parts of a file are, in bytes."""

    def __init__(self, source: str) -> None:
        self._bytes = source.encode()
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line.encode()))

    def start(self, node: ast.expr) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def between(self, start: int, end: int) -> str:
        return self._bytes[start:end].decode(errors="replace")

    def of(self, node: ast.expr) -> str:
        return self.between(self.start(node), self.end(node))

    def is_at(self, node: ast.expr) -> bool:
        """Whether the node is where it says: Python 3.11 is wrong about some that are inside of an f-string."""
        try:
            return ast.dump(ast.parse(f"({self.of(node)})", mode="eval").body) == ast.dump(node)
        except SyntaxError:
            return False


def _mutable(tree: ast.AST) -> Iterator[tuple[ast.expr, tuple[str, ...]]]:
    """Every expression that is run, and what it may become where it decides a branch: not what stands in a type."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.expr):
                yield node, () if name not in ("test", "ifs", "guard") else ANSWERS.get(type(tree), ("True", "False"))
            if isinstance(node, ast.AST):
                yield from _mutable(node)


def _changes(node: ast.expr, answers: tuple[str, ...], text: _Text) -> Iterator[tuple[int, int, str]]:
    """From which byte to which, and what stands there instead."""
    if not text.is_at(node):
        return
    start, end = text.start(node), text.end(node)
    for answer in answers:
        yield start, end, answer
    match node:
        case ast.Compare():
            for (left, right), operator in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
                gap = text.between(text.end(left), text.start(right))
                for turned in TURNED[type(operator)]:
                    found = re.sub(r"not\s+in|is\s+not|in|is|[=!<>]=|[<>]", turned, gap, count=1)
                    yield text.end(left), text.start(right), found
        case ast.BoolOp():
            parts = [f"({text.of(part)})" if isinstance(part, LOOSE) else text.of(part) for part in node.values]
            own, other = (" and ", " or ") if isinstance(node.op, ast.And) else (" or ", " and ")
            yield start, end, f"({other.join(parts)})"
            for number in range(len(parts)):
                yield start, end, f"({own.join(parts[:number] + parts[number + 1 :])})"
        case ast.UnaryOp(op=ast.Not()):
            yield start, end, f"({text.of(node.operand)})"
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield start, end, str(number + 1)
            yield start, end, str(number - 1)
