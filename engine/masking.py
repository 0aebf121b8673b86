"""What a host's programs say, without the cluster's secrets."""

from __future__ import annotations

from cluster.checks import secrets_of
from cluster.spec import Cluster
from deploy.secrets import SecretError, secret
from operations.files import masked


def hidden(cluster: Cluster, text: str) -> str:
    """`text` with a mark in the place of every secret of the cluster that can be had."""
    return masked(text, _secrets(cluster)) if text else ""


def _secrets(cluster: Cluster) -> list[str]:
    found = []
    for name in secrets_of(cluster):
        try:
            found.append(secret(cluster, name))
        except SecretError:
            continue
    return found
