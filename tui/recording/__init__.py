"""Recordings of the observer's stream: written while the console looks, read when it replays (docs/recording.md)."""


class RecordingError(Exception):
    """A recording that can't be read, written, or does not hold what was asked for; the text is for a person."""
