"""Restarts this host's broker when it runs parted from the majority, which RabbitMQ does not mend by itself.

pause_minority acts when connections are lost. A broker that was frozen until the others had just given it up has them
back at once: it does not pause, and stays parted from all for ever (mnesia's running_partitioned_network).
Managed by hatui. Arguments: the broker's unit, curl's configuration with the login, the URL of /api/nodes, the
broker's name. Started by a timer; looks once, and again before it acts.
"""

import json
import subprocess
import sys
import time

AGAIN = 6
"""Seconds; the API's figures are up to 5 s old."""


def parted(answer: str, name: str) -> bool:
    """Whether the broker `name` sees more than half of the members as parted from it, by /api/nodes."""
    try:
        nodes = json.loads(answer)
        own = next(node for node in nodes if node["name"] == name)
        return 2 * len(own.get("partitions") or ()) > len(nodes)
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError):
        return False


def main(unit: str, login: str, url: str, name: str) -> None:
    """Look, look again, and restart."""

    def look() -> bool:
        command = ["curl", "-qsS", "-K", login, "-m", "2", "--max-filesize", "200000", url]
        return parted(subprocess.run(command, capture_output=True, text=True, check=False).stdout, name)

    if not look():
        return
    time.sleep(AGAIN)
    if look():
        # Syslog's prefix for a warning (sd-daemon(3)).
        print(f"<4>{name} is parted from the majority and did not pause: it is restarted", flush=True)
        subprocess.run(["systemctl", "restart", unit], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
