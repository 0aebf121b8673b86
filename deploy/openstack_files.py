"""The files of a service of OpenStack on a controller: how it is served and asked, and who may change its tables."""

from __future__ import annotations

import json
from pathlib import Path

from cluster.openstack.api import Api
from cluster.openstack.keystone import KEYSTONE, WATCH
from cluster.openstack.service import OpenstackService
from cluster.spec import Cluster
from deploy.openstack_settings import connection, forms, synced_by
from deploy.secrets import secret
from facts.base import drop_in_path
from facts.openstack import ASK_PROGRAM, RECORDS_PROGRAM
from operations.curl import Call, curl_string
from operations.files import ManagedFile
from operations.identity import Login
from operations.service import drop_in, stamp_lines

_ASK = Path(__file__).parent / "files" / "ask_openstack.sh"
_RECORDS = Path(__file__).parent / "files" / "openstack_records.py"
_LOGIN = "/etc/hatui/openstack.login"


def watch(cluster: Cluster) -> Login:
    """The user as which every service is asked: it may look, in a project of its own, in which nothing is."""
    return Login(WATCH, secret(cluster, "keystone_watch"), WATCH)


def openstack_files(cluster: Cluster, service: OpenstackService, name: str) -> list[ManagedFile]:
    """All files of the service on the controller `name` that are hatui's whole."""
    sync = secret(cluster, f"{service.name}_sync")
    sections = {section: database for database, section in service.databases.items() if section}
    connections = "".join(
        f"[{section}]\nconnection = {connection(cluster, synced_by(service), sync, database)}\n"
        for section, database in sections.items()
    )
    files = [
        ManagedFile(
            service.sync_file,
            f"# Managed by hatui; for {service.tool} alone.\n{connections}".encode(),
            mode="0640",
            group=service.name,
            secrets=forms(sync),
        ),
        *_asked(cluster, service, name),
        *(
            file
            for unit in (*service.units_in(cluster.release), *service.lone_units(cluster))
            for file in _unit(cluster, service, unit)
        ),
        *(_records(cluster, service) if service.lone_units(cluster) else ()),
    ]
    for api in service.apis:
        health = Call(f"{service.own_url(cluster, name, api)}{api.health}").settings
        files.append(ManagedFile(api.health_file, f"{health}\n".encode(), mode="0600"))
        if api.uwsgi:
            files.append(ManagedFile(api.workers_file, _workers(cluster, service, api, name).encode()))
    if service.allowed:
        rules = "".join(f'"{rule}": "{check} or role:{WATCH}"\n' for rule, check in service.allowed.items())
        files.append(
            ManagedFile(f"{service.folder}/policy.d/hatui.yaml", f"# Managed by hatui: who watches.\n{rules}".encode())
        )
    return files


def without_lone(service: OpenstackService) -> list[str]:
    """The paths of the files that are there for its lone part alone, and are not to be where it has none."""
    return [drop_in_path(service.lone.unit), service.records_file] if service.lone else []


def _records(cluster: Cluster, service: OpenstackService) -> list[ManagedFile]:
    """Where its own records of its parts are, and what reads them."""
    password = secret(cluster, f"{service.name}_database")
    where = {
        "host": cluster.keepalived.vip,
        "port": cluster.haproxy.database_port,
        "user": service.name,
        "password": password,
        "database": next(iter(service.databases)),
    }
    text = f"{json.dumps(where)}\n"
    hidden = (json.dumps(password), password)
    return [
        ManagedFile(service.records_file, text.encode(), mode="0600", secrets=hidden),
        ManagedFile(RECORDS_PROGRAM, _RECORDS.read_bytes(), mode="0755"),
    ]


def _workers(cluster: Cluster, service: OpenstackService, api: Api, name: str) -> str:
    configs = " ".join(f"--config-file={path}" for path in service.configs)
    lines = [
        f"# Managed by hatui; read after the package's own {api.uwsgi.rpartition('/')[2]}.",
        "[uwsgi]",
        *(f"http-socket = {address}:{service.port_of(cluster, api)}" for address in service.listens(cluster, name)),
        f"processes = {service.processes(cluster, api)}",
        f"threads = {service.threads(cluster)}",
        "need-app = true",
        # The balancers ask each second.
        f"route-uri = ^{api.health}$ donotlog:",
        *([f"pyargv = {configs}"] if service.further_configs else []),
    ]
    return "".join(f"{line}\n" for line in lines)


def _unit(cluster: Cluster, service: OpenstackService, unit: str) -> list[ManagedFile]:
    lines = [stamp_lines(unit, service.files(unit), reloads=False)]
    for api in service.apis:
        if unit != api.unit or not api.uwsgi:
            continue
        # The package's own start listens on all addresses, where the balancers' VIP may be one.
        own = f"/usr/bin/uwsgi_python3 --ini {api.uwsgi} --ini {api.workers_file}"
        lines.append(f"ExecStart=\nExecStart={own}\n")
    # One alone starts it anew: Pacemaker, or systemd.
    again = "Restart=no" if unit in service.clustered(cluster) else "Restart=on-failure\nRestartSec=3"
    # Its units share their folders in /run, which systemd would take away when one of them stops.
    lines.append(f"RuntimeDirectoryPreserve=yes\nTimeoutStartSec=600\n{again}\n")
    found = [drop_in(unit, "".join(lines), unit_lines="StartLimitIntervalSec=0\n")]
    if program := service.own_units.get(unit):
        found.append(ManagedFile(f"/etc/systemd/system/{unit}", _own_unit(service, unit, program).encode()))
    return found


def _own_unit(service: OpenstackService, unit: str, program: str) -> str:
    """A unit for what its package starts in another way, or not at all."""
    name = unit.removesuffix(".service")
    configs = " ".join(f"--config-file={path}" for path in service.configs)
    return (
        f"# Managed by hatui.\n[Unit]\nDescription=OpenStack {name}\n"
        "After=network-online.target\nWants=network-online.target\n"
        f"[Service]\nUser={service.name}\nGroup={service.name}\nWorkingDirectory=/var/lib/{service.name}\n"
        f"RuntimeDirectory={service.name}\nLimitNOFILE=65535\n"
        f"ExecStart={program} {configs} --log-file=/var/log/{service.name}/{name}.log\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )


def _asked(cluster: Cluster, service: OpenstackService, name: str) -> list[ManagedFile]:
    """How a host makes the call that proves the service: of keystone the question for a token, of others with one."""
    who = watch(cluster)
    url = f"{service.own_url(cluster, name)}{service.call}"
    if service is not KEYSTONE:
        # What it brings is kept where it tells of the service's parts.
        output = "" if service.parts else 'output = "/dev/null"\n'
        call = Call(url, headers=[f"OpenStack-API-Version: {service.version}"] if service.version else ())
        return [ManagedFile(service.call_file, f"{call.settings}\n{output}".encode(), mode="0600")]
    # Every service is asked with a token of any keystone's.
    files = [ManagedFile(ASK_PROGRAM, _ASK.read_bytes(), mode="0755")]
    for path, where, login in (
        (service.call_file, url, Login(who.user, who.password)),
        (_LOGIN, f"{service.url(cluster)}/auth/tokens", who),
    ):
        settings = Call(where, "POST", login.body).settings
        secrets = (curl_string(login.body), login.password)
        files.append(ManagedFile(path, f"{settings}\n".encode(), mode="0600", secrets=secrets))
    return files
