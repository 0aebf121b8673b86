"""The files of the RabbitMQ layer: cookie, settings, plugins, accounts for a new cluster, and the watch's login."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

from cluster.names import PROBE_ACCOUNT
from cluster.rabbitmq.names import (
    BROKER_DRAINED_FILE,
    CONFIG,
    COOKIE,
    DEFINITIONS,
    ENVIRONMENT,
    EPMD_SOCKET,
    MEND_PROGRAM,
    MEND_TIMER,
    RABBITMQ_MANAGEMENT_PORT,
    STAMPED,
    UNIT,
    WATCH_LOGIN,
)
from cluster.releases import MIRRORED_QUEUES
from cluster.spec import Cluster, Role
from deploy.rendering import render
from deploy.secrets import secret
from facts.rabbitmq import API
from operations.curl import curl_string
from operations.files import ManagedFile
from operations.rabbitmq_definitions import Wanted, WantedUser, definitions
from operations.service import drop_in, stamp_lines

AMQP_PORT = 5672
DISTRIBUTION_PORT = 25672
EPMD_PORT = 4369
WATCH_ACCOUNT = "hatui_watch"
ADMIN_ACCOUNT = "hatui_admin"

MIRRORED_POLICY = "HA"
_MIRRORED = {
    "pattern": r"^(?!amq\.).*",
    "definition": {"ha-mode": "all", "ha-sync-mode": "automatic"},
    "priority": 0,
    "apply-to": "all",
}

REPLIES_POLICY = "hatui-replies"
_REPLIES = {**_MIRRORED, "pattern": r"^reply_|_fanout_"}
"""OpenStack's queues for answers and for what all are told, which are no quorum queues. One that is on one broker alone
is lost with each restart of that broker, and who waits at it was seen to wait for ever, though it had reconnected.
"""

_CHECK = """d=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins)
heard=$(cd / && erl -noinput -boot start_clean -pa $d/cuttlefish-*/ebin $d/getopt-*/ebin $d/rabbit-*/ebin \
$d/rabbit_common-*/ebin $d/rabbitmq_prelaunch-*/ebin -eval '
Words = fun(L) -> [io:format("~ts~n", [cuttlefish_error:xlate(E)]) || {error, E} <- L], halt(1) end,
[Plugins, File] = init:get_plain_arguments(),
case cuttlefish_conf:file(File) of
    {errorlist, L} -> Words(L);
    Conf ->
        Schema = cuttlefish_schema:files(filelib:wildcard(Plugins ++ "/rabbit*/priv/schema/*.schema")),
        case cuttlefish_generator:map(Schema, Conf) of
            {error, _, {errorlist, L}} -> Words(L);
            _ -> halt(0)
        end
end.' -extra "$d" {} 2>&1) || { printf '%s\\n' "$heard" | grep -v -e '^=' -e 'Error running translation' >&2; exit 1; }
"""
"""RabbitMQ has no check of its own: its schema and its parser of this file, as a broker uses them at its start."""

_COOKIE_CHECK = (
    f"{{ cmp -s {{}} {COOKIE} || ! systemctl -q is-active {UNIT} || {{ echo 'The broker that runs here has another"
    " Erlang cookie than the secret rabbitmq_cookie. Give the secret its value, or stop the brokers on all controllers"
    " and run this deploy again.' >&2; false; }; }"
)


def plugins(text: str) -> str:
    """The list of enabled plugins with the one that hatui needs; others that the host has enabled stay so.

    Source: rabbitmq-plugins(8): one Erlang list of names.
    """
    listed = re.fullmatch(r"\s*\[([a-z0-9_,\s]*)\]\.\s*", text)
    names = [name for name in re.split(r"[,\s]+", listed[1]) if name] if listed else []
    return text if "rabbitmq_management" in names else f"[{','.join([*names, 'rabbitmq_management'])}].\n"


def node_name(host: str) -> str:
    """The Erlang node of the broker on `host`."""
    return f"rabbit@{host}"


def administrator(cluster: Cluster) -> WantedUser:
    """The account that hatui changes definitions with; the broker takes it from loopback alone."""
    return WantedUser(ADMIN_ACCOUNT, secret(cluster, "rabbitmq_admin"), tags=("administrator",))


def wanted(cluster: Cluster) -> Wanted:
    """Accounts, virtual hosts and policies."""
    mirrored = cluster.rabbitmq.queue_type == "mirrored"
    if mirrored and cluster.release not in MIRRORED_QUEUES:
        raise PyinfraError(
            f"rabbitmq.queue_type: mirrored queues do not exist in the RabbitMQ of {cluster.release} (removed in 4.0): "
            'choose "quorum".'
        )
    kind = "classic" if mirrored else "quorum"
    return Wanted(
        users=(
            administrator(cluster),
            WantedUser(WATCH_ACCOUNT, secret(cluster, "rabbitmq_watch"), tags=("monitoring",)),
            WantedUser(PROBE_ACCOUNT, secret(cluster, "probe"), permissions={PROBE_ACCOUNT: (".*", ".*", ".*")}),
        ),
        queue_types={"/": kind, PROBE_ACCOUNT: kind},
        policies={
            MIRRORED_POLICY: _MIRRORED if mirrored else None,
            REPLIES_POLICY: _REPLIES if not mirrored and cluster.release in MIRRORED_QUEUES else None,
        },
    )


_DRAINED_STILL = (
    f"ExecStartPost=-+/bin/sh -c '[ ! -e {BROKER_DRAINED_FILE} ] || timeout 60 rabbitmq-upgrade -q drain >/dev/null'\n"
)
"""A broker forgets at its stop that it was in maintenance (RabbitMQ's "Upgrading", maintenance mode)."""


def broker_files(cluster: Cluster, name: str) -> list[ManagedFile]:
    """All files of the controller `name`."""
    address = cluster.address(name)
    ours = wanted(cluster)
    watch = next(user for user in ours.users if user.name == WATCH_ACCOUNT)
    cookie = secret(cluster, "rabbitmq_cookie")
    return [
        ManagedFile(
            path=COOKIE,
            content=cookie.encode(),
            mode="0400",
            user="rabbitmq",
            group="rabbitmq",
            check=_COOKIE_CHECK,
            secrets=(cookie,),
        ),
        # Before the settings, whose check looks for it.
        ManagedFile(
            path=DEFINITIONS,
            content=(json.dumps(definitions(ours), indent=1) + "\n").encode(),
            mode="0640",
            group="rabbitmq",
            secrets=tuple(user.password_hash for user in ours.users),
        ),
        ManagedFile(
            path=CONFIG,
            content=render(
                "rabbitmq.conf.j2",
                address=address,
                port=AMQP_PORT,
                management_port=RABBITMQ_MANAGEMENT_PORT,
                members=[node_name(member) for member in cluster.names(Role.CONTROLLER)],
                partition_handling=cluster.rabbitmq.partition_handling,
                definitions=DEFINITIONS,
                administrator=ADMIN_ACCOUNT,
            ),
            check=_CHECK,
        ),
        ManagedFile(
            path=ENVIRONMENT,
            content=render(
                "rabbitmq-env.conf.j2",
                node=node_name(name),
                address=address,
                port=DISTRIBUTION_PORT,
                net_ticktime=cluster.rabbitmq.net_ticktime,
            ),
        ),
        ManagedFile(
            path=WATCH_LOGIN,
            content=f"user = {curl_string(f'{watch.name}:{watch.password}')}\n".encode(),
            mode="0600",
            secrets=(watch.password,),
        ),
        ManagedFile(
            path=f"/etc/systemd/system/{EPMD_SOCKET}.d/hatui.conf",
            # The first, empty line takes the package's "all addresses" away.
            content=(
                "# Managed by hatui.\n[Socket]\nListenStream=\n"
                f"ListenStream=127.0.0.1:{EPMD_PORT}\nListenStream={address}:{EPMD_PORT}\nFreeBind=yes\n"
            ).encode(),
        ),
        drop_in(
            UNIT,
            f"{stamp_lines(UNIT, STAMPED, reloads=False)}{_DRAINED_STILL}Restart=on-failure\nRestartSec=3\n",
            unit_lines="Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n",
        ),
        *_mender(name),
    ]


def _mender(name: str) -> list[ManagedFile]:
    service = render(
        "rabbitmq-mend.service.j2",
        program=MEND_PROGRAM,
        unit=UNIT,
        login=WATCH_LOGIN,
        url=f"{API}/nodes?columns=name,partitions",
        node=node_name(name),
    )
    timer = (
        "# Managed by hatui.\n[Timer]\nOnActiveSec=10\nOnUnitInactiveSec=5\nAccuracySec=1\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    program = (Path(__file__).parent / "files" / "rabbitmq_mend.py").read_bytes()
    return [
        ManagedFile(path=MEND_PROGRAM, content=program),
        ManagedFile(path=f"/etc/systemd/system/{MEND_TIMER.removesuffix('.timer')}.service", content=service),
        ManagedFile(path=f"/etc/systemd/system/{MEND_TIMER}", content=timer.encode()),
    ]
