"""The small changes that `make mutants` makes to the code, and how it finds the tests that must notice them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.mutations import mutants

ROOT = Path(__file__).parents[2]


def changes(source: str) -> list[str]:
    return [mutant.now for mutant in mutants("a.py", source)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = a < b", ["x = a <= b", "x = a >= b"]),
        ("x = a is not b", ["x = a is b"]),
        ("x = a not in b", ["x = a in b"]),
        ("x = a == b != c", ["x = a != b != c", "x = a == b == c"]),
        ("x = a and b", ["x = (a or b)", "x = (a)", "x = (b)"]),
        ("x = a and (b or c) and d", [
            "x = ((b or c) and d)", "x = (a and (b or c))", "x = (a and d)", "x = (a or (b or c) or d)",
            "x = a and ((b and c)) and d", "x = a and ((b)) and d", "x = a and ((c)) and d",
        ]),
        ("x = not a", ["x = (a)"]),
        ("x = f(7)", ["x = f(6)", "x = f(8)"]),
        ("x: Literal[7] = True", []),
        ("x = a if b else c", ["x = a if False else c", "x = a if True else c"]),
        ("x = [a for a in b if c]", ["x = [a for a in b if False]", "x = [a for a in b if True]"]),
        ("x = f'é{a if b else c}{a == b}'", [
            "x = f'é{a if False else c}{a == b}'", "x = f'é{a if True else c}{a == b}'",
            "x = f'é{a if b else c}{a != b}'",
        ]),
        ("while a: pass", ["while False: pass"]),
        ("assert a", []),
    ],
)  # fmt: skip
def test_what_a_line_becomes(source: str, found: list[str]) -> None:
    # Python 3.11 is wrong about the place of what is inside of some f-strings: that stays as it is.
    assert changes(source) == found or ("f'" in source and set(changes(source)) <= set(found))


def test_a_change_over_lines_is_known_by_them_without_their_indents() -> None:
    source = "def f():\n    return (\n        a\n        and b < 1\n    )\n"
    dropped = next(mutant for mutant in mutants("a.py", source) if mutant.now == "(a)")
    assert (dropped.line, dropped.was, dropped.lines) == (3, "a and b < 1", (3, 4))
    assert dropped.text == "def f():\n    return (\n        (a)\n    )\n"
    assert dropped.diff == "-        a\n-        and b < 1\n+        (a)"


def test_every_change_of_a_file_is_python_and_none_is_made_twice() -> None:
    path = ROOT / "cluster/galera/gates.py"
    source = path.read_text()
    made = mutants("a.py", source)
    assert len({mutant.text for mutant in made} | {source}) == len(made) + 1 > 40
    for mutant in made:
        compile(mutant.text, "a.py", "exec")
