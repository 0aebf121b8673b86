"""RabbitMQ's accounts, virtual hosts and policies: what is left to do, from what the broker says it has."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from typing import Any

import pytest

from operations.curl import curl_string
from operations.rabbitmq_definitions import Wanted, WantedUser, definitions, differences
from operations.steps import Refused

PASSWORD = "a-password-of-some-length"
WANTED = Wanted(
    users=(
        WantedUser("hatui_admin", PASSWORD, tags=("administrator",)),
        WantedUser("hatui_probe", PASSWORD, permissions={"probe": (".*", ".*", ".*")}),
    ),
    queue_types={"/": "quorum", "probe": "quorum"},
    policies={"HA": None},
)
TYPES = {"/": "quorum", "probe": "quorum"}


def there() -> dict[str, Any]:
    """As GET /api/definitions gives it: virtual hosts without metadata, and more keys than were put in."""
    found = copy.deepcopy(definitions(WANTED))
    for user in found["users"]:
        user["limits"] = {}
    for vhost in found["vhosts"]:
        del vhost["metadata"]
    return found


def sentences(seen: dict[str, Any], types: dict[str, str] = TYPES) -> list[str]:
    return [sentence for sentence, _ in differences(seen, types, WANTED)]


def test_nothing_is_left_where_all_is_as_wanted() -> None:
    assert sentences(there()) == []


def test_what_others_made_is_left_alone() -> None:
    seen = there()
    seen["users"].append({"name": "nova", "password_hash": "x", "tags": []})
    seen["vhosts"].append({"name": "nova"})
    seen["permissions"].append({"user": "nova", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"})
    seen["policies"].append({"vhost": "/", "name": "TTL", "pattern": ".*", "definition": {}})
    assert sentences(seen, TYPES | {"nova": "undefined"}) == []


def test_guest_is_deleted() -> None:
    seen = there()
    seen["users"].append({"name": "guest", "tags": ["administrator"]})
    assert sentences(seen) == ["delete the account guest"]


@pytest.mark.parametrize(
    ("kind", "key", "value", "says"),
    [
        ("users", "password_hash", "AAAA", "put right user hatui_admin"),
        ("users", "tags", [], "put right user hatui_admin"),
        ("permissions", "write", "^$", "put right permission hatui_probe of probe"),
        ("vhosts", "name", "other", "put right vhost /"),
    ],
)
def test_what_differs_is_put_right(kind: str, key: str, value: object, says: str) -> None:
    seen = there()
    seen[kind][0][key] = value
    assert sentences(seen) == [says]


def test_a_permission_too_many_is_taken_away() -> None:
    seen = there()
    seen["permissions"].append({"user": "hatui_probe", "vhost": "/", "configure": "", "write": "", "read": ".*"})
    [(sentence, request)] = differences(seen, TYPES, WANTED)
    assert sentence == "hatui_probe may nothing in /"
    assert (request.method, request.path) == ("DELETE", "permissions/%2F/hatui_probe")


def test_the_mirrored_policy_goes_when_queues_are_quorum_queues() -> None:
    seen = there()
    seen["policies"].append({"vhost": "/", "name": "HA", "pattern": ".*", "definition": {"ha-mode": "all"}})
    assert sentences(seen) == ["delete the policy HA of /"]


def test_the_type_of_queues_of_a_virtual_host_that_is_there() -> None:
    [(_, request)] = differences(there(), TYPES | {"/": "undefined"}, WANTED)
    assert (request.method, request.path) == ("PUT", "vhosts/%2F")


def test_the_hash_is_the_brokers_own() -> None:
    user = WANTED.users[0]
    raw = base64.b64decode(user.password_hash)
    assert raw[4:] == hashlib.sha256(raw[:4] + PASSWORD.encode()).digest()
    assert user.password_hash != WANTED.users[1].password_hash


def test_no_password_is_shown() -> None:
    [(_, request), *_] = differences({}, {}, WANTED)
    assert PASSWORD not in repr(WANTED) and PASSWORD not in json.dumps(definitions(WANTED))
    assert WANTED.users[0].password_hash not in repr(request)


def test_curl_reads_a_string_as_it_is() -> None:
    assert curl_string('a"b\\c') == '"a\\"b\\\\c"'
    with pytest.raises(Refused):
        curl_string('a\nurl = "http://192.0.2.1/"')
