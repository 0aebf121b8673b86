"""Takes the lock of the good inventory's cluster, says so, and holds it until its input ends; run as a process.

Arguments: who, the check-in's seconds, and for how many it is too busy for anything else."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402
from gevent.fileobject import FileObject  # noqa: E402

from cluster.locked import Holder  # noqa: E402
from cluster.validate import cluster_spec  # noqa: E402
from operations.locking import Lock, Locked  # noqa: E402
from tests.unit.inventories import inventory  # noqa: E402


def main(who: str, check_in: float, busy: float) -> int:
    me = Holder(f"run-{who}", who, time.time(), "a test")
    try:
        lock = Lock(cluster_spec(inventory()), me, check_in=check_in)
    except Locked as locked:
        print(f"locked: {locked}", flush=True)
        return 1
    print("taken", flush=True)
    if busy:
        # Nothing else of this process runs meanwhile: no greenlet gets its turn.
        until = time.monotonic() + busy
        while time.monotonic() < until:
            pass
        print(f"busy: {lock.why_lost()}", flush=True)
    ends = gevent.spawn(FileObject(sys.stdin, "r").read)
    while not ends.ready():
        if reason := lock.why_lost():
            print(f"lost: {reason}", flush=True)
            return 2
        gevent.sleep(0.05)
    lock.release()
    print("released", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
