"""A verdict as a glyph and a word, so that it never depends on colour; and text from hosts, made harmless."""

from __future__ import annotations

from cluster.health.verdict import Verdict

GLYPHS = {Verdict.OK: "●", Verdict.WARN: "▲", Verdict.FAIL: "✖", Verdict.UNKNOWN: "?"}


def badge(verdict: Verdict) -> str:
    """Glyph and word."""
    return f"{GLYPHS[verdict]} {verdict}"
