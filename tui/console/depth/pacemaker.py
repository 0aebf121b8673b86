"""Pacemaker in depth: nodes, resources with their fail counts, constraints left by a move, failures, fencing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from cluster.pacemaker.record import CrmNode, CrmResource, CrmStatus
from cluster.pacemaker.resources import groups
from cluster.stacks import STACKS, Stack
from cluster.state import ClusterState, Unknown
from tui.console.depth.parts import yes
from tui.console.lines import Line, Role, Row, Span, heading, span, table


def _lines(stack: Stack, state: ClusterState) -> list[Line]:
    """As the designated controller (DC) sees it; without one, as the first does that has anything to say."""
    layer, seen = stack.crm.name, state[stack.crm]
    views = {host: node for host, node in seen.items() if isinstance(node, CrmStatus) and node.running}
    lines = []
    for host, node in seen.items():
        if host not in views:
            said = node.reason if isinstance(node, Unknown) else "Pacemaker does not run"
            role: Role = "unknown" if isinstance(node, Unknown) else "fail"
            lines.append(
                Line(
                    (("  ", ""), span(host, "strong"), ("  ", ""), span(said, role)),
                    key=f"view/{host}",
                    layer=layer,
                    host=host,
                )
            )
    if not views:
        return [heading("Nodes"), *lines]
    host, view = next(((host, view) for host, view in views.items() if view.dc == host), next(iter(views.items())))
    fencing: Span = ("fencing on", "ok") if view.stonith_enabled else ("UNFENCED", "fail")
    seen_by = span(f"as {host} sees it, DC {view.dc or 'none'}", "dim")
    nodes = Line(((" Nodes", "head"), ("  ", ""), seen_by, ("  ", ""), fencing))
    return [
        *lines,
        nodes,
        *table(("NODE", "STATE", "UNCLEAN", "KIND"), (_node(layer, node) for node in view.nodes)),
        heading("Resources"),
        *table(("RESOURCE", "ROLE", "ON", "MANAGED", "FAILED", "AGENT"), _resources(layer, view)),
        *_listed(layer, "Constraints left by a move or a ban", "ban", ((ban,) for ban in view.bans)),
        *_listed(layer, "Constraints", "constraint", ((one,) for one in view.constraints)),
        *_listed(layer, "Failed actions", "failure", ((f.operation, f.node, f.reason) for f in view.failures)),
        *_listed(layer, "Fencing", "fencing", ((f.completed, f.target, f.action, f.status) for f in view.fencing)),
    ]


def _node(layer: str, node: CrmNode) -> Row:
    words = [word for word in ("standby", "maintenance", "pending", "shutdown") if getattr(node, word)]
    if node.health != "green":
        words.append(f"{node.health} health")
    state = ", ".join(words) or ("online" if node.online else "offline")
    role: Role = "ok" if state == "online" else "warn" if node.online else "fail"
    kind = "member" if node.kind == "member" else f"guest of {node.guest_of}" if node.guest_of else "remote"
    cells = (span(node.name, "strong"), span(state, role), yes(node.unclean, good=False), span(kind, "dim"))
    return Row(f"node/{node.name}", cells, layer, node.name)


def _resources(layer: str, view: CrmStatus) -> Iterator[Row]:
    """A row each; a clone's instances each have their own, the spare ones none."""
    for group in groups(view.resources):
        shown = group.active or group.instances[:1]
        for number, resource in enumerate(shown):
            yield _resource(layer, resource, f"resource/{group.name}{f'/{number}' if number else ''}", group.name)


def _resource(layer: str, resource: CrmResource, key: str, name: str) -> Row:
    role: Role = "fail" if resource.failed or resource.blocked else "ok" if resource.active else "warn"
    state = "failed" if resource.failed else "blocked" if resource.blocked else resource.role
    if resource.target_role == "stopped":
        state = f"{state}, disabled"
    where = ", ".join(resource.nodes) or "nowhere"
    counts = ", ".join(f"{count} on {node}" for node, count in resource.fail_counts.items())
    cells = (
        span(name, "strong"),
        span(state, role),
        span(where),
        yes(resource.managed),
        span(counts or "-", "warn" if counts else "dim"),
        span(resource.agent, "dim"),
    )
    return Row(key, cells, layer, resource.nodes[0] if resource.nodes else "")


def _listed(layer: str, name: str, kind: str, entries: Iterable[tuple[str, ...]]) -> list[Line]:
    found = [
        Line((("  ", ""), span("  ".join(entry))), key=f"{kind}/{number}", layer=layer)
        for number, entry in enumerate(entries)
    ]
    return [heading(name, f"{len(found)}" if found else "none"), *found]


LINES: dict[str, Callable[[ClusterState], list[Line]]] = {stack.crm.name: partial(_lines, stack) for stack in STACKS}
"""The screen of each cluster, by its layer's name."""
