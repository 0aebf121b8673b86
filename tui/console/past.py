"""What was recorded before this console began: its events, and since when nobody has watched."""

from __future__ import annotations

from cluster.health.verdict import Verdict
from cluster.wire.observed import Event
from tui.recording import RecordingError
from tui.recording.moment import shown
from tui.recording.read import Recording
from tui.recording.write import QUIET


def past(cluster: str, now: float) -> list[Event]:
    """The last events before `now` (seconds since the epoch), the oldest first; none if nothing was recorded.

    Takes up to a second: not for the thread that answers keys.
    """
    try:
        recording = Recording.of_cluster(cluster)
        if recording.span()[0] >= now:
            return []
        # What the console itself was told first may have been recorded meanwhile.
        scene = recording.at(now - 0.001)
    except RecordingError:
        return []
    last = max([scene.snapshot.at, *(event.at for event in scene.events)])
    if now - last <= 2 * QUIET:
        return list(scene.events)
    gap = f"nobody watched from {shown(last)} until {shown(now)}: what happened meanwhile is not known"
    return [*scene.events, Event(now, "hosts", "", Verdict.UNKNOWN, gap)]
