"""Numbers that are given once: defaults of the inventory and exit codes as documented, and figures nobody told."""

from __future__ import annotations

import ast
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from cluster import exits, spec
from cluster.haproxy.record import ProxyServer
from cluster.layers import FACTS, LAYERS
from cluster.outcome import Outcome

ROOT = Path(__file__).parents[2]
SECTIONS = {
    "ssh": spec.Ssh,
    "keepalived": spec.Keepalived,
    "haproxy": spec.Haproxy,
    "galera": spec.Galera,
    "rabbitmq": spec.Rabbitmq,
    "services": spec.Service,
    "corosync": spec.Corosync,
    "pacemaker": spec.Pacemaker,
    **{layer.name: layer.settings for layer in LAYERS if layer.settings},
}
WORDS = "in words"
ROW = re.compile(r"^\| `(\w+)` \| .* \| (.*?) ?\|$", re.MULTILINE)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_default_is_as_documented(name: str) -> None:
    _, _, rest = (ROOT / "docs/inventory.md").read_text().partition(f"\n### `{name}`")
    told = dict(ROW.findall(rest.partition("\n### ")[0].partition("\n## ")[0]))
    found = {}
    for field in fields(SECTIONS[name]):
        value = field.default if field.default_factory is MISSING else field.default_factory()
        # One that must be given has none, or an empty one that does for no cluster.
        found[field.name] = MISSING if value is MISSING or (name, field.name) == ("keepalived", "priorities") else value
        if name == "services" and value in (0, "") and value is not False:
            found[field.name] = WORDS
    assert {key: value_of(text) for key, text in told.items()} == found


def value_of(text: str) -> object:
    """The default that a row tells; one that is told in words is 0 or empty, which stands for that."""
    literal = re.fullmatch(r"`([^`]+)`(?::.*)?", text)
    return ast.literal_eval(literal[1]) if literal else WORDS if text else MISSING


def test_the_port_of_a_bmc_is_as_documented() -> None:
    text = (ROOT / "docs/inventory.md").read_text()
    assert f'"port": {spec.FencingDevice("192.0.2.1", "fence").port}}}` of its BMC (IPMI over LAN)' in text


def test_the_exit_codes_are_those_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    assert f"{exits.USAGE} what was said can't be done" in text and f"{exits.NO_INPUT} no such run" in text
    assert f"{exits.CONFIG} the inventory can't be used" in text and f"{exits.NOT_FOLLOWED} it goes on" in text
    for outcome in Outcome:
        assert f"{outcome.exit_code} {outcome}" in text


NONE_KNOWN = {"conf_id": -1, "weight": 1}
"""Figures for which 0 would be one that there is: of no view of the cluster, of a server that counts as one."""


def test_a_figure_that_a_host_did_not_tell_says_nothing() -> None:
    kinds = {fact.kind for fact in FACTS.values()} | {ProxyServer}
    given = [field for kind in kinds for field in fields(kind)]
    told = {field.name: field.default for field in given if type(field.default) in (int, float)}
    assert told == {name: NONE_KNOWN.get(name, 0) for name in told} and len(told) > 8
