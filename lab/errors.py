"""What goes wrong in the lab, as sentences for the person who must act."""

from __future__ import annotations


class LabError(Exception):
    """The lab can't do what was asked; the message says what, where and what to do."""
