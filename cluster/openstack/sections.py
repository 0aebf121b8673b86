"""What describes a service of OpenStack: the kinds of its section in the inventory, and how its tables are made."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.openstack.availability import Availabilities


@dataclass(frozen=True, slots=True)
class Workers(Availabilities):
    """The section of a service in the inventory; where there is none, hatui has nothing to do with the service."""

    processes: int = 1
    """Of its API, on each controller."""
    threads: int = 8
    """Of each process: as many requests are worked on at once."""


@dataclass(frozen=True, slots=True)
class Single(Availabilities):
    """The section of one whose API works on one request at a time in each process: eventlet can't be with threads.

    Its locks are none between threads, and what it has to do in the background waits in the thread that began it
    until that one has a request again.
    """

    processes: int = 3
    """Of its API, on each controller."""


@dataclass(frozen=True, slots=True)
class Sync:
    """A command that makes or changes tables, run once for each version of the package."""

    words: str
    """What is said to the service's own tool, such as "db_sync"."""
    unless: tuple[str, str] | None = None
    """Where it can't be run twice: the words to ask the tool with, and the text in its answer once it was done."""
