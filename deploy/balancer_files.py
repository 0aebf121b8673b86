"""The files of a load balancer: HAProxy's and keepalived's settings, and how the one learns of the other."""

from __future__ import annotations

from ipaddress import IPv4Address

from pyinfra.api.exceptions import PyinfraError

from cluster.galera.names import GALERA_BACKEND, GALERA_CHECK_PORT
from cluster.haproxy import names as haproxy
from cluster.haproxy.names import (
    HAPROXY_ADMIN_SOCKET,
    HAPROXY_KEEP_PROGRAM,
    HAPROXY_MASTER_SOCKET,
    HAPROXY_STATE_FILE,
    HAPROXY_WATCH_SOCKET,
    PEERS_PORT,
)
from cluster.keepalived import names as keepalived
from cluster.keepalived.names import VIP_AWAY_FILE, VIP_AWAY_KEPT, VIP_HOLD_PROGRAM, VIP_NEXT_FILE
from cluster.rabbitmq.names import RABBITMQ_BACKEND
from cluster.spec import Cluster, Role, Service
from deploy.rendering import render
from operations.files import ManagedFile
from operations.leaving import hold_back
from operations.service import drop_in, stamp_lines

STATS_USER = "admin"
HARD_STOP_AFTER = 3600
"""Seconds that a former worker may serve its open sessions after a reload."""
TRACK_FILE = "/run/hatui/haproxy.track"
"""0 while HAProxy runs, else 1; written by its unit, watched by keepalived."""

_ANSWERS = f"""#!/bin/sh
# Managed by hatui. Whether HAProxy answers: a worker that is stopped still takes connections, but says nothing.
said=$(echo 'show info' | timeout 0.5 socat -t 0.5 - UNIX-CONNECT:{HAPROXY_WATCH_SOCKET} 2>/dev/null)
case $said in "Name: "*) exit 0 ;; esac
exit 1
"""

_KEEPALIVED_CHECK = (
    'report=$(mktemp); code=0; keepalived --config-test="$report" -f {} || code=$?; cat "$report"; '
    'if [ -s "$report" ]; then code=1; fi; rm -f "$report"; [ "$code" -eq 0 ] || [ "$code" -eq 143 ]'
)
"""keepalived's test ends with 0 on many a wrong value, and by its own SIGTERM (143) on every file with a script: only
an empty report is a file without fault."""


def _track(value: int) -> str:
    return f"-+/bin/sh -c 'echo {value} >{TRACK_FILE}'"


def leaving(cluster: Cluster) -> str:
    """The line of a unit whose stop takes the VIP away: nobody is on their way in then."""
    return f"ExecStop=-+{VIP_HOLD_PROGRAM} {cluster.keepalived.vip}\n"


def quoted(text: str) -> str:
    """`text` as one word of haproxy.cfg (HAProxy's configuration manual, 2.2, strong quotes).

    Raises PyinfraError where a control character would end the line.
    """
    if not text.isprintable():
        raise PyinfraError("The secret haproxy_stats holds a control character, which haproxy.cfg can't.")
    return "'" + text.replace("'", "'\\''") + "'"


def server_id(address: str) -> int:
    """A number for the server at `address` that does not depend on the other servers: its last three octets."""
    return int(IPv4Address(address)) & 0xFFFFFF


_SILENCE = {"tcp": 90 * 60, "http": 60}
"""Seconds after which a connection that says nothing is ended, where the inventory does not say."""


def _service(cluster: Cluster, service: Service) -> dict[str, object]:
    """A service of the inventory, as the template has it."""
    return {
        "mode": service.mode,
        "port": service.port,
        "server_port": service.server_port or service.port,
        "algorithm": service.algorithm,
        "silence": service.timeout or _SILENCE[service.mode],
        "websocket": service.websocket,
        "check_timeout": service.check_timeout,
        "max_connections": service.max_connections,
        "check": service.check or ("/" if service.mode == "http" else ""),
        "servers": {server: cluster.address(server) for server in cluster.names(Role(service.role))},
    }


def haproxy_files(cluster: Cluster, name: str, password: str) -> list[ManagedFile]:
    """HAProxy's settings on the balancer `name`, judged by haproxy itself, and the drop-in of its unit."""
    spec = cluster.haproxy
    balancers = {balancer: cluster.address(balancer) for balancer in cluster.names(Role.HAPROXY)}
    content = render(
        "haproxy.cfg.j2",
        name=name,
        address=cluster.address(name),
        balancers=balancers,
        vip=cluster.keepalived.vip,
        watch_socket=HAPROXY_WATCH_SOCKET,
        admin_socket=HAPROXY_ADMIN_SOCKET,
        state_file=HAPROXY_STATE_FILE,
        peers_port=PEERS_PORT,
        max_connections=spec.max_connections,
        hard_stop_after=HARD_STOP_AFTER,
        single_writer=spec.single_writer,
        database={
            "backend": GALERA_BACKEND,
            "port": spec.database_port,
            "server_port": 3306,
            "check_port": GALERA_CHECK_PORT,
            "algorithm": spec.database_algorithm,
            "servers": {server: cluster.address(server) for server in cluster.names(Role.GALERA)},
            "ids": {server: server_id(cluster.address(server)) for server in cluster.names(Role.GALERA)},
        },
        queue={
            "backend": RABBITMQ_BACKEND,
            "port": spec.queue_port,
            "server_port": 5672,
            "algorithm": spec.queue_algorithm,
            "servers": {server: cluster.address(server) for server in cluster.names(Role.CONTROLLER)},
        },
        services={name: _service(cluster, service) for name, service in cluster.services.items()},
        stats_port=spec.stats_port,
        stats_auth=quoted(f"{STATS_USER}:{password}"),
    )
    lines = [
        # What was drained by hand, on its socket or its page, is known to this worker alone: it is noted first. The two
        # lines after it are Debian's own.
        f"ExecReload=\nExecReload=-+{HAPROXY_KEEP_PROGRAM}\n",
        "ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q $EXTRAOPTS\nExecReload=/bin/kill -USR2 $MAINPID\n",
        stamp_lines(haproxy.UNIT, [haproxy.CONFIG], reloads=True),
        f"ExecStartPost={_track(0)}\nExecReload={_track(0)}\n",
        # The VIP goes first, while HAProxy still serves: a planned stop costs nobody a connection.
        f"{leaving(cluster)}ExecStop={_track(1)}\nExecStop=-/bin/sleep 0.3\n",
        f"ExecStop=-+{HAPROXY_KEEP_PROGRAM}\n",
        f"ExecStopPost={_track(1)}\n",
        "Restart=always\nRestartSec=100ms\n",
    ]
    keep = render("keep_drained.sh.j2", state_file=HAPROXY_STATE_FILE, admin_socket=HAPROXY_ADMIN_SOCKET)
    return [
        ManagedFile(
            path=haproxy.CONFIG,
            content=content,
            mode="0640",
            group="haproxy",
            check="haproxy -c -q -f {}",
            secrets=(quoted(f"{STATS_USER}:{password}"), password),
        ),
        drop_in(haproxy.UNIT, "".join(lines), unit_lines="StartLimitIntervalSec=0\n"),
        ManagedFile(path=HAPROXY_KEEP_PROGRAM, content=keep, mode="0755"),
        ManagedFile(path=VIP_HOLD_PROGRAM, content=hold_back().encode(), mode="0755"),
    ]


def keepalived_files(cluster: Cluster, name: str, interface: str) -> list[ManagedFile]:
    """keepalived's settings on the balancer `name`, judged by keepalived itself, its check, its unit's drop-in."""
    spec = cluster.keepalived
    content = render(
        "keepalived.conf.j2",
        name=name,
        address=cluster.address(name),
        peers=[cluster.address(peer) for peer in cluster.names(Role.HAPROXY) if peer != name],
        interface=interface,
        vip=spec.vip,
        virtual_router_id=spec.virtual_router_id,
        priority=spec.priorities[name],
        advert_interval=spec.advert_interval,
        preempt=spec.preempt,
        track_file=TRACK_FILE,
        away_file=VIP_AWAY_FILE,
        next_file=VIP_NEXT_FILE,
        check_program=keepalived.CHECK_PROGRAM,
        end_program=keepalived.END_PROGRAM,
    )
    ends = render("end_sessions.sh.j2", admin_socket=HAPROXY_ADMIN_SOCKET, master_socket=HAPROXY_MASTER_SOCKET)
    # HAProxy may run since before its unit wrote the file.
    begin = f"ExecStartPre=-+/bin/sh -c 'systemctl -q is-active haproxy; echo $? >{TRACK_FILE}'\n"
    # A host that gave the VIP up by hand takes none after its reboot either.
    restored = f"[ -e {VIP_AWAY_FILE} ] || cp {VIP_AWAY_KEPT} {VIP_AWAY_FILE}"
    begin += f"ExecStartPre=-+/bin/sh -c '{restored}'\n"
    lines = [stamp_lines(keepalived.UNIT, keepalived.FILES, reloads=True), begin, leaving(cluster)]
    lines.append("Restart=always\nRestartSec=100ms\n")
    return [
        ManagedFile(path=keepalived.CHECK_PROGRAM, content=_ANSWERS.encode(), mode="0755"),
        ManagedFile(path=keepalived.END_PROGRAM, content=ends, mode="0755"),
        ManagedFile(path=keepalived.CONFIG, content=content, check=_KEEPALIVED_CHECK),
        drop_in(keepalived.UNIT, "".join(lines), unit_lines="After=haproxy.service\nStartLimitIntervalSec=0\n"),
    ]
