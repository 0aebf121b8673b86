"""Real hosts, real clients, real faults. Each worker of pytest (pytest-xdist) has a lab of its own, a subnet each."""

import os

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")

if _WORKER != "0":
    # Before anybody reads it: the inventory does when it is imported.
    os.environ["HALAB_SUBNET"] = f"192.168.{47 + 8 * int(_WORKER)}.0/24"
