"""The command lines of the program's own processes, for the floors above."""

from operations.start import START, own

__all__ = ["START", "own"]
