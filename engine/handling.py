"""How the hosts of a layer are handled: what each layer's file in engine/layers gives. Nothing in here names any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.layer import Layer
from cluster.layers import LAYERS
from cluster.spec import Cluster
from cluster.state import ClusterState
from engine.parts import part_of
from engine.runbook import View

if TYPE_CHECKING:
    from operations.steps import Step


@dataclass(frozen=True, slots=True)
class Planned:
    """Steps that a layer plans; none where it is so already, or `refused` says why not."""

    steps: Sequence[Step] = ()
    refused: str = ""
    """A sentence."""
    expected: str = ""
    """What clients feel, as a clause."""


@dataclass(frozen=True, slots=True)
class Restart:
    """How a layer's service is restarted, host by host."""

    planned: Callable[[View, bool], Planned]
    """Whoever carries traffic last. The second is whether hosts are put back first that a restart that died left."""
    expected: str
    """What clients feel, as a clause; what is planned may say otherwise."""
    gap: float = 0.0
    """Seconds for which new connections may go unanswered; 0: nothing is promised of them."""


def _nothing(_: View, __: str) -> Planned:
    return Planned()


def _no_words(_: View, __: str) -> str:
    return ""


def _no_gap(_: View, __: str) -> float:
    return 0.0


def _not_carried(_: Cluster, __: str) -> str | None:
    return None


def _nobody(_: ClusterState) -> set[str]:
    return set()


def _not_there(_: ClusterState) -> bool:
    return False


def _nothing_back(_: View, __: str) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What a layer does with a host of its own. What is not given does nothing, and stands against nothing."""

    there: Callable[[ClusterState], bool] = _not_there
    """Whether the layer runs anywhere: then there is something to roll out to."""
    here: Callable[[View, str], str] = _no_words
    """What it has on the host now that goes elsewhere without it, in few words."""
    drained: Callable[[View, str], Planned] = _nothing
    """After which the host carries nothing of it."""
    gap: Callable[[View, str], float] = _no_gap
    """Seconds for which new connections may go unanswered when the host is drained."""
    carried: Callable[[Cluster, str], str | None] = _not_carried
    """What of it the host carries after all, asked now, or None."""
    given_back: Callable[[View, str], Planned] = _nothing
    """After which the host carries it again."""
    taken_out: Callable[[ClusterState], set[str]] = _nobody
    """The hosts that somebody took out of service, as far as this layer goes."""
    returned: Callable[[View, str], None] = _nothing_back
    """Give the host back where a rollout that died may have left it, whatever is so of it now."""
    restart: Restart | None = None
    rolled_out: str = ""
    """What clients feel of a rollout, as a clause; empty for nothing."""
    taken_back: Callable[[Cluster, Sequence[str]], None] | None = None
    """Let the service on these hosts run with the files that lie there now, which are its former ones again."""


_NONE = Handling()


def handling(layer: Layer) -> Handling:
    """How the hosts of `layer` are handled."""
    part = part_of("engine.layers", layer.name)
    if part is None:
        return _NONE
    # A part that several layers share has one for each of them.
    found: Handling = part.HANDLINGS[layer.name] if hasattr(part, "HANDLINGS") else part.HANDLING
    return found


def on(cluster: Cluster, host: str) -> list[Handling]:
    """Of each layer that the host carries and that is handled at all, in their order."""
    return [found for layer in LAYERS if layer.is_on(cluster, host) and (found := handling(layer)) is not _NONE]
