"""A guest on a project's network, plugged into a network node's switch as nova plugs one, that asks for its address."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from lab import ready
from tests.e2e import lab
from tests.e2e.load import Load
from tests.e2e.openstack import openstack

_CLIENT = Path(__file__).with_name("dhcp_client.py")
_NAME = "guest"
# Open vSwitch's own datapath leaves checksums as they are, and the kernel leaves them to a card that is not there.
_PLUG = f"""set -e
ip netns add {_NAME}
ip link add {_NAME}-tap type veth peer name {_NAME} netns {_NAME}
ip -n {_NAME} link set {_NAME} address {{mac}} up
ip netns exec {_NAME} ethtool -K {_NAME} rx off tx off >/dev/null
ip link set {_NAME}-tap up
ovs-vsctl --timeout=30 add-port br-int {_NAME}-tap -- set interface {_NAME}-tap external_ids:iface-id={{port}} \
    external_ids:attached-mac={{mac}} external_ids:iface-status=active
"""
_UNPLUG = f"ovs-vsctl --timeout=30 --if-exists del-port br-int {_NAME}-tap; ip netns delete {_NAME}; true"


class Guest(Load):
    """Asks for its address once a second, while its context is open."""

    def __init__(self, node: str, network: str) -> None:
        super().__init__()
        self.servers: tuple[str, ...] = ()
        """Who offered it last."""
        self.gap = 0.0
        """The longest time from one that was given to the next, in seconds."""
        self._node = node
        self._network = network

    def _prepare(self) -> None:
        port = openstack(f"port create --network {self._network} --host {self._node} {_NAME}")
        assert isinstance(port, dict)
        mac = port["mac_address"]
        lab.ssh(self._node, _PLUG.format(mac=mac, port=port["id"]))
        self._client = subprocess.Popen(
            ready.ssh(lab.LAB, self._node, [f"ip netns exec {_NAME} python3 -u - {_NAME} {mac}"]),
            stdin=_CLIENT.open(),
            stdout=subprocess.PIPE,
            text=True,
        )

    def _run(self) -> None:
        assert self._client.stdout is not None
        last: float | None = None
        for line in self._client.stdout:
            now = time.monotonic()
            self.gap = max(self.gap, now - last if last else 0.0)
            last = now
            self.servers = tuple(line.split()[1:])
            self.acked.append(len(self.acked) + 1)

    def __enter__(self) -> Self:
        try:
            return super().__enter__()
        except BaseException:
            self._unplug()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What runs on the node ends at the next line that nobody takes from it.
        self._client.terminate()
        self._client.wait(10)
        super().__exit__(kind, error, trace)
        self._unplug()

    def _unplug(self) -> None:
        lab.ssh(self._node, _UNPLUG)
        openstack(f"port delete {_NAME}", output="")
