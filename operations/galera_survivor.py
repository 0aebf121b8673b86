"""Galera when the majority is lost for good, as a step: a server that lives is made the cluster where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.galera.gates import is_synced
from cluster.galera.record import GaleraNode
from cluster.galera.survivor import may_be_made_primary
from facts.galera import CLIENT
from operations.galera import SETTLE, nodes_of
from operations.galera_recovery import proxies_of
from operations.hosts import shell
from operations.steps import Step

# Where the provider's options are variables of their own (MariaDB's plugin wsrep_provider, which Debian 13 loads), the
# one that holds them all can't be set any more.
_BOOTSTRAP = f"""
if [ -n "$({CLIENT} -NBe "SHOW VARIABLES LIKE 'wsrep_provider_pc_bootstrap'")" ]
then {CLIENT} -e "SET GLOBAL wsrep_provider_pc_bootstrap=ON"
else {CLIENT} -e "SET GLOBAL wsrep_provider_options='pc.bootstrap=YES'"
fi"""


def made_primary(hosts: Sequence[str], balancers: Sequence[str], chosen: str, seqno: int) -> Step:
    """`chosen`, whose server runs outside of a Primary component, is made one where it stands (pc.bootstrap)."""

    def why_not() -> str | None:
        nodes = nodes_of(hosts)
        if reason := may_be_made_primary(nodes, proxies_of(balancers), chosen):
            return f"{reason}."
        node = nodes[chosen]
        now = node.seqno if isinstance(node, GaleraNode) else -1
        return None if now == seqno else f"{chosen} was at seqno {seqno}, and is at {now}: look again."

    def verify() -> str | None:
        return None if is_synced(nodes_of([chosen])[chosen]) else f"{chosen} is not Synced in a Primary component"

    def act() -> None:
        shell(chosen, _BOOTSTRAP, timeout=30)

    return Step(
        f"Make {chosen} the Primary component where it stands",
        act,
        precheck=why_not,
        verify=verify,
        within=SETTLE,
        lasting=f"{chosen} is the cluster now; run this again for the others to join it",
    )
