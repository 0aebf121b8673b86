"""Which further settings of MariaDB an inventory may bring, and which would break what hatui promises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cluster.reading import Mistake, foreign, place, shown
from cluster.spec import Cluster

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}", re.ASCII)
_OPTION = re.compile(r"(cert|evs|gcache|gcs|gmcast|pc|protonet|repl|socket)\.[a-z][a-z0-9_.]{0,79}", re.ASCII)
_OPTION_VALUE = re.compile(r"[A-Za-z0-9_./:,+%=@-]+", re.ASCII)
LENGTH = 256
"""Characters of a value."""

_OWN = "hatui sets it itself"
_LOCATION = "hatui looks for it where Debian has it"
_ACCESS = "it opens the database to everybody, or shuts hatui out"
_CODE = "it loads or runs code in the server"
_RISK = "it can lose acknowledged writes or stop the cluster"

_REFUSED: Mapping[str, str] = {
    "bind_address": _OWN,
    "binlog_format": _OWN,
    "default_storage_engine": _OWN,
    "innodb_autoinc_lock_mode": _OWN,
    "name_resolve": _OWN,
    "port": _OWN,
    "wsrep_cluster_address": _OWN,
    "wsrep_cluster_name": _OWN,
    "wsrep_new_cluster": _OWN,
    "wsrep_node_address": _OWN,
    "wsrep_node_incoming_address": _OWN,
    "wsrep_node_name": _OWN,
    "wsrep_on": _OWN,
    "wsrep_provider": _OWN,
    "wsrep_provider_options": "give the provider's options one by one, such as gcache.size",
    "wsrep_sst_auth": _OWN,
    "wsrep_sst_method": "it is galera.sst_method",
    "wsrep_recover": _OWN,
    "wsrep_start_position": _OWN,
    "basedir": _LOCATION,
    "chroot": _LOCATION,
    "datadir": _LOCATION,
    "innodb_data_home_dir": _LOCATION,
    "wsrep_data_home_dir": _LOCATION,
    "pid_file": _LOCATION,
    "socket": _LOCATION,
    "user": _LOCATION,
    "bootstrap": _ACCESS,
    "secure_file_priv": _ACCESS,
    "grant_tables": _ACCESS,
    "networking": _ACCESS,
    "unix_socket": _ACCESS,
    "init_file": _CODE,
    "plugin_dir": _CODE,
    "plugin_load": _CODE,
    "plugin_load_add": _CODE,
    "wsrep_notify_cmd": _CODE,
    "innodb_force_recovery": _RISK,
    "innodb_read_only": _RISK,
    "read_only": _RISK,
    "wsrep_dirty_reads": _RISK,
    "gcache.dir": _LOCATION,
    "gcache.name": _LOCATION,
    "gmcast.group": _OWN,
    "gmcast.listen_addr": _OWN,
    "pc.bootstrap": _RISK,
    "pc.ignore_quorum": _RISK,
    "pc.ignore_sb": _RISK,
    "pc.weight": "hatui counts one vote a node",
}
"""Name, in mariadbd's spelling with _, to the reason."""

_PREFIX = re.compile(r"^(?:(?:loose|skip|disable|enable|maximum|autoset)_)*")
"""What mariadbd takes off a name before it looks the name up (MariaDB, "Option Prefixes")."""


def galera_settings(cluster: Cluster) -> Iterator[Mistake]:
    """What is wrong with `galera.settings`."""
    seen: dict[str, str] = {}
    for name, value in cluster.galera.settings.items():
        key = place("galera", "settings", name)
        # mariadbd takes - and _ for the same.
        plain = name.replace("-", "_")
        other = seen.setdefault(plain, name)
        if other != name:
            yield Mistake(key, f"is the same setting as {place(other)}: leave one of them out.")
        dotted = "." in name
        if dotted and not _OPTION.fullmatch(name):
            yield Mistake(
                key, "is no option of the Galera provider: it must be one such as gcache.size.", foreign(name)
            )
        elif not dotted and not _NAME.fullmatch(plain):
            yield Mistake(
                key, "is no name of a setting: it must be of a-z, 0-9, _ and -, such as max_connections.", foreign(name)
            )
        elif reason := _reason(plain):
            yield Mistake(key, f"can't be set to {shown(value)}: {reason}.")
        text = str(value)
        if not text.isprintable() or any(sign in text for sign in "\"'`\\") or len(text) > LENGTH:
            yield Mistake(
                key,
                f"is {shown(value)}: it must have no quote, backslash or control character, at most {LENGTH} signs.",
            )
        elif dotted and not _OPTION_VALUE.fullmatch(text):
            yield Mistake(key, f"is {shown(value)}: it must be of letters, digits and _ . / : , + % = @ -.")


def _reason(name: str) -> str | None:
    """Why `name` is refused. mariadbd takes the beginning of a name for the whole, so such beginnings are, too."""
    bare = _PREFIX.sub("", name)
    for refused, reason in _REFUSED.items():
        if len(bare) > 3 and refused.startswith(bare):
            return reason
    return None
