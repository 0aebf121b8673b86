"""Turns an inventory's plain data into a `Cluster`, and says everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from cluster.checks import mistakes
from cluster.layers import LAYERS, wanted
from cluster.reading import Mistake, Reader, place, shown
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
    Service,
    Ssh,
)

_TEXTS = ("name", "network", "release")
_SECTIONS = ("haproxy", "galera", "rabbitmq", "corosync", "services", "ssh")
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
    described = {layer.name: layer.settings for layer in LAYERS if layer.settings}
    reader.known("", _present(reader, given), (*_NEEDED, *_SECTIONS, *described, "secrets"))
    reader.errors += [Mistake(key, "is missing: it must be given.") for key in _NEEDED if key not in given]
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
        services=_services(reader, given.get("services", {})),
        secrets=_secrets(reader, given.get("secrets", {})),
        others={
            name: asdict(reader.record(name, given[name], kind)) for name, kind in described.items() if name in given
        },
    )
    cluster = replace(cluster, services={**cluster.services, **_of_layers(reader, cluster)})
    # Which role is meant decides what else is wrong; nothing that follows from the wrong one is said.
    doubtful = [key for name in _with_several_roles(given.get("hosts", {})) for key in _about(name)]
    keys = [*(mistake.key for mistake in reader.errors), *doubtful]
    errors = (*reader.errors, *_further(keys, mistakes(cluster)))
    if errors:
        raise SpecError(tuple(dict.fromkeys(map(str, errors))))
    return cluster


def _present(reader: Reader, given: Mapping[str, Any], *path: str) -> list[str]:
    """The keys but those that are names of what a layer's project no longer has, which are reported."""
    retired = {name: says for layer in LAYERS for name, says in layer.retired.items()}
    gone = [key for key in given if key.replace("_", "-") in retired]
    reader.errors += [Mistake(place(*path, key), retired[key.replace("_", "-")]) for key in gone]
    return [key for key in given if key not in gone]


def _further(keys: list[str], found: Iterator[Mistake]) -> Iterator[Mistake]:
    """Those of `found` that don't merely follow from a value of `keys`."""
    for mistake in found:
        if not any(mistake.key == one or mistake.key.startswith(f"{one}.") for one in keys):
            yield mistake


def _with_several_roles(hosts: object) -> dict[str, list[str]]:
    """The hosts that more than one role names, with these roles."""
    roles: dict[str, list[str]] = {}
    for role in Role:
        members = hosts.get(role.value) if isinstance(hosts, Mapping) else None
        for name in members if isinstance(members, Mapping) else ():
            roles.setdefault(name, []).append(str(role))
    return {name: named for name, named in roles.items() if len(named) > 1}


def _about(name: str) -> Iterator[str]:
    """The keys under which something is said of the host `name`, or of how many hosts a role has."""
    yield from ("hosts", "galera.arbitrator")
    yield from (place("pacemaker", "fencing", name), place("keepalived", "priorities", name))


def _text(reader: Reader, key: str, given: Mapping[str, Any]) -> str:
    return str(given[key]) if key in given and reader.scalar(key, given[key], "str") else ""


def _hosts(reader: Reader, value: object) -> dict[str, Host]:
    """The hosts in the order of the roles, and of the inventory within a role."""
    table = reader.table("hosts", value)
    reader.known("hosts", table, [role.value for role in Role])
    hosts: dict[str, Host] = {}
    for name, address, role in _members(reader, table):
        hosts.setdefault(name, Host(name, address, role))
    for name, (first, *further) in _with_several_roles(table).items():
        also = " and ".join(f"hosts.{role}" for role in further[:-1])
        reader.errors.append(
            Mistake(
                f"hosts.{further[-1]}",
                f"names {shown(name)}, which hosts.{first} {f'and {also} have' if also else 'has'} too: "
                "a host has one role.",
            )
        )
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


def _services(reader: Reader, value: object) -> dict[str, Service]:
    table = reader.table("services", value)
    return {
        name: reader.record(place("services", name), table[name], Service)
        for name in _present(reader, table, "services")
    }


def _of_layers(reader: Reader, cluster: Cluster) -> dict[str, Service]:
    """What layers have the balancers spread; none may have the name of one of the inventory's own."""
    found: dict[str, Service] = {}
    for layer in wanted(cluster):
        mine = layer.services(cluster)
        for name in mine.keys() & cluster.services:
            says = f"is a name that the layer {layer.name} has for what it offers: choose another."
            reader.errors.append(Mistake(place("services", name), says))
        found |= mine
    return found


def _secrets(reader: Reader, value: object) -> dict[str, str]:
    # A value that is not as it should be may be the secret itself: it is not shown.
    if not isinstance(value, Mapping):
        reader.errors.append(Mistake("secrets", 'must be a dict of sources, such as {"bmc": "file:/path"}.'))
        return {}
    reader.errors += [
        Mistake(place("secrets", str(name)), "must be a text that names its source, such as file:/path.")
        for name, source in value.items()
        if not isinstance(source, str)
    ]
    return {str(name): source for name, source in value.items() if isinstance(source, str)}
