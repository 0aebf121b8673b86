#!/usr/bin/python3
"""Managed by hatui. openstack-records FILE: prints a service's own records of its parts, as its API would.

FILE is where they are: JSON with the arguments of pymysql.connect. For who may not ask the API, which gives this list
to administrators alone. Whoever has not told of itself for a minute (cinder's service_down_time) is down.
"""

import json
import re
import sys
from pathlib import Path

import pymysql

DOWN_AFTER = 60
SHOWN = re.compile(r"[^A-Za-z0-9_.:@#-]")
QUESTION = (
    "SELECT host, `binary`, disabled, TIMESTAMPDIFF(SECOND, COALESCE(updated_at, created_at), UTC_TIMESTAMP())"
    " FROM services WHERE NOT deleted"
)


def main() -> None:
    where = json.loads(Path(sys.argv[1]).read_text())
    connection = pymysql.connect(**where, connect_timeout=2, read_timeout=2)
    with connection.cursor() as cursor:
        cursor.execute(QUESTION)
        rows = cursor.fetchall()
    parts = [
        {
            "host": SHOWN.sub("?", host or ""),
            "binary": SHOWN.sub("?", binary or ""),
            "state": "up" if age is not None and abs(age) <= DOWN_AFTER else "down",
            "status": "disabled" if disabled else "enabled",
        }
        for host, binary, disabled, age in rows
    ]
    print(json.dumps({"services": parts}))


main()
