"""Turns an inventory's plain data into a `Cluster`, and says everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cluster.checks import sentences
from cluster.reading import Reader, place, shown
from cluster.spec import (
    Cluster,
    Corosync,
    FencingDevice,
    Galera,
    Haproxy,
    Host,
    Keepalived,
    Pacemaker,
    Rabbitmq,
    Role,
    Ssh,
)

_TEXTS = ("name", "network", "release")
_SECTIONS = ("haproxy", "galera", "rabbitmq", "corosync", "ssh")
_NEEDED = (*_TEXTS, "hosts", "keepalived", "pacemaker")


class SpecError(ValueError):
    """The data describes no cluster that hatui can make. `errors` holds a sentence for each mistake."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def cluster_spec(data: Mapping[str, object]) -> Cluster:
    """The cluster that `data` describes: nested dicts of plain values, as docs/inventory.md lists them.

    Pure: nothing is read, resolved or asked. Raises SpecError with all that is wrong.
    """
    reader = Reader()
    given = reader.table("The inventory", data)
    reader.known("", given, (*_NEEDED, *_SECTIONS, "secrets"))
    reader.errors += [f"{key} is missing: it must be given." for key in _NEEDED if key not in given]
    texts = {key: _text(reader, key, given) for key in _TEXTS}
    cluster = Cluster(
        **texts,
        hosts=_hosts(reader, given.get("hosts", {})),
        ssh=reader.record("ssh", given.get("ssh", {}), Ssh),
        keepalived=_keepalived(reader, given),
        pacemaker=_pacemaker(reader, given),
        haproxy=reader.record("haproxy", given.get("haproxy", {}), Haproxy),
        galera=reader.record("galera", given.get("galera", {}), Galera),
        rabbitmq=reader.record("rabbitmq", given.get("rabbitmq", {}), Rabbitmq),
        corosync=reader.record("corosync", given.get("corosync", {}), Corosync),
        secrets=_secrets(reader, given.get("secrets", {})),
    )
    errors = (*reader.errors, *_further(reader.errors, sentences(cluster)))
    if errors:
        raise SpecError(tuple(dict.fromkeys(errors)))
    return cluster


def _further(said: list[str], found: Iterator[str]) -> Iterator[str]:
    """Those of `found` that don't merely follow from a value that could not be read. Each begins with its key."""
    keys = [sentence.partition(" ")[0] for sentence in said]
    for sentence in found:
        key = sentence.partition(" ")[0]
        if not any(key == one or key.startswith(f"{one}.") for one in keys):
            yield sentence


def _text(reader: Reader, key: str, given: Mapping[str, Any]) -> str:
    return str(given[key]) if key in given and reader.scalar(key, given[key], "str") else ""


def _hosts(reader: Reader, value: object) -> dict[str, Host]:
    """The hosts in the order of the roles, and of the inventory within a role."""
    table = reader.table("hosts", value)
    reader.known("hosts", table, [role.value for role in Role])
    hosts: dict[str, Host] = {}
    for name, address, role in _members(reader, table):
        if name in hosts:
            reader.errors.append(
                f"hosts.{role} names {shown(name)}, which hosts.{hosts[name].role} has too: a host has one role."
            )
        else:
            hosts[name] = Host(name, address, role)
    return hosts


def _members(reader: Reader, table: Mapping[str, Any]) -> Iterator[tuple[str, str, Role]]:
    for role in Role:
        for name, address in reader.table(f"hosts.{role}", table.get(role.value, {})).items():
            fits = reader.scalar(place("hosts", role, name), address, "str")
            yield name, address if fits else "", role


def _keepalived(reader: Reader, given: Mapping[str, Any]) -> Keepalived:
    return reader.record("keepalived", given["keepalived"], Keepalived) if "keepalived" in given else Keepalived(vip="")


def _pacemaker(reader: Reader, given: Mapping[str, Any]) -> Pacemaker:
    if "pacemaker" not in given:
        return Pacemaker(vip="")
    section = reader.table("pacemaker", given["pacemaker"])
    devices = reader.table("pacemaker.fencing", section.get("fencing", {}))
    fencing = {
        name: reader.record(place("pacemaker", "fencing", name), device, FencingDevice)
        for name, device in devices.items()
    }
    return replace(reader.record("pacemaker", section, Pacemaker, without=["fencing"]), fencing=fencing)


def _secrets(reader: Reader, value: object) -> dict[str, str]:
    # A value that is not as it should be may be the secret itself: it is not shown.
    if not isinstance(value, Mapping):
        reader.errors.append('secrets must be a dict of sources, such as {"bmc": "file:/path"}.')
        return {}
    reader.errors += [
        f"{place('secrets', str(name))} must be a text that names its source, such as file:/path."
        for name, source in value.items()
        if not isinstance(source, str)
    ]
    return {str(name): source for name, source in value.items() if isinstance(source, str)}
