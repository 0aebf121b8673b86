"""The load balancers' VIP, handed from one to another: the heir first made ready, so that it takes over within 1 ms.

VRRP itself moves it: the owner is told to give it up (a file that its keepalived watches), sends priority 0, and the
heir, whose priority was raised for the moment, waits next to nothing (RFC 5798, skew time). No settings are changed.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cluster.keepalived.gates import may_own, not_one_owner
from cluster.keepalived.names import VIP_AWAY_FILE, VIP_AWAY_KEPT, VIP_NEXT_FILE
from cluster.names import LASTING
from cluster.vip import VipNode, owners
from facts.haproxy import HaproxyStat
from facts.keepalived import VrrpOwner
from operations.hosts import look_all, shell
from operations.leaving import hold_back
from operations.steps import FAILURES, Elsewhere, Refused, Step, wait_for

RAISED = 30
"""Seconds after which an heir's raised priority falls back by itself, whatever became of whoever raised it."""
GAP = 0.05
"""Seconds for which new connections may go unanswered while the VIP moves."""
TAKE = 5
"""Seconds in which the heir must be seen to own the VIP."""


def handover(balancers: Sequence[str], vip: str, owner: str, heir: str) -> list[Step]:
    """The steps that move `vip` from `owner` to `heir`; afterwards `owner` stands by as a backup."""
    return [
        Step(
            f"{heir} is made the next owner",
            lambda: _raise(heir),
            precheck=lambda: why_not_hand_over(balancers, vip, owner, heir),
            undo=lambda: _lower(heir),
            within=TAKE,
            on=heir,
        ),
        *gives_up(balancers, vip, owner, heir),
        *returns(balancers, vip, owner),
    ]


def gives_up(balancers: Sequence[str], vip: str, owner: str, heir: str) -> list[Step]:
    """The step in which `owner` gives the VIP up, and takes it no more until `returns`."""
    return [
        Step(
            f"{owner} gives {vip} up, {heir} takes it",
            lambda: _give_up(owner, vip),
            verify=lambda: _not_on(balancers, vip, owner, heir),
            within=TAKE,
            undo=lambda: _back_to(balancers, vip, owner),
            on=owner,
        )
    ]


def stays_away(balancers: Sequence[str], vip: str, host: str) -> Step:
    """The step after which `host`, which does not own the VIP, does not take it either."""
    return Step(
        f"{host} takes {vip} no more",
        lambda: _keep_off(host),
        precheck=lambda: None if host not in _owners(balancers, vip) else f"{host} owns {vip} by now.",
        verify=lambda: None if len(_owners(balancers, vip)) == 1 else f"{vip} has not one owner",
        undo=lambda: _let_own(host),
        on=host,
    )


def returns(balancers: Sequence[str], vip: str, host: str) -> list[Step]:
    """The step in which `host` may own the VIP again: as a backup, for the VIP stays where it is."""
    return [
        Step(
            f"{host} stands by for {vip}",
            lambda: _let_own(host),
            verify=lambda: not_one_owner(look_all(balancers, VrrpOwner), vip),
            within=TAKE,
            lasting=f"{host} may own {vip} again",
            on=host,
        )
    ]


def why_not_hand_over(balancers: Sequence[str], vip: str, owner: str, heir: str) -> str | None:
    """Why `vip` must not go from `owner` to `heir` now."""
    vips = look_all(balancers, VrrpOwner)
    now = owners(vips, vip)
    if now != (owner,):
        return f"{vip} is on {', '.join(now) or 'nobody'}, not on {owner}."
    if reason := may_own(vips, look_all(balancers, HaproxyStat), heir):
        return f"{heir} must not get {vip}: {reason}."
    node = vips[heir]
    if isinstance(node, VipNode) and node.away:
        return f"{heir} was told to give {vip} up: `hatui undrain {heir}` lets it take it again."
    return None


def not_on(balancers: Sequence[str], vip: str, host: str) -> str | None:
    """Why `vip` is not on `host` alone, and where it is, or None if it is there."""
    now = _owners(balancers, vip)
    return None if now == (host,) else f"{vip} is on {', '.join(now) or 'nobody'}, not on {host}"


_GIVE_UP = """set -eu
perl -e %(hold_back)s %(vip)s
echo 1 >%(away)s
tries=0
while [ $tries -lt 50 ] && ip -4 -o addr show | grep -qF ' %(vip)s/32 '; do tries=$((tries + 1)); sleep 0.01; done
nft delete table inet hatui_handover 2>/dev/null || true
"""


def _owners(balancers: Sequence[str], vip: str) -> tuple[str, ...]:
    return owners(look_all(balancers, VrrpOwner), vip)


def _raise(heir: str) -> None:
    # keepalived adds what the file holds, and stops at 254.
    shell(
        heir,
        f"echo 254 >{VIP_NEXT_FILE} && {{ setsid sh -c 'sleep {RAISED}; echo 0 >{VIP_NEXT_FILE}' "
        "</dev/null >/dev/null 2>&1 & }",
    )


def _lower(heir: str) -> None:
    shell(heir, f"echo 0 >{VIP_NEXT_FILE}")


def _give_up(owner: str, vip: str) -> None:
    # Noted first, for the disk may be slow: a host that boots in between takes no VIP either.
    shell(owner, _kept(1))
    script = _GIVE_UP % {"hold_back": shlex.quote(hold_back()), "vip": vip, "away": VIP_AWAY_FILE}
    shell(owner, f"setsid -w sh -c {shlex.quote(script)}", timeout=10)


def _keep_off(host: str) -> None:
    shell(host, f"{_kept(1)} && echo 1 >{VIP_AWAY_FILE}")


def _let_own(host: str) -> None:
    shell(host, f"echo 0 >{VIP_AWAY_FILE} && {_kept(0)}")


def _kept(away: int) -> str:
    """The command that notes for the host's next boot whether it gives the VIP up."""
    return f"mkdir -p {LASTING} && echo {away} >{VIP_AWAY_KEPT} && sync {VIP_AWAY_KEPT}"


def _let_all_own(names: Sequence[str]) -> None:
    """Try every one of them. Refused, with the way out, for those that can't be told."""
    failures = []
    for name in names:
        try:
            _let_own(name)
        except FAILURES as failure:
            failures.append(f"{failure}: `hatui undrain {name}` lets it take the VIP again")
    if failures:
        raise Refused("; ".join(failures))


def _not_on(balancers: Sequence[str], vip: str, owner: str, heir: str) -> str | None:
    now = owners(look_all(balancers, VrrpOwner), vip)
    if now == (heir,):
        return None
    if len(now) == 1 and owner not in now:
        left = f"{owner} is still told to give it up: `hatui undrain {owner}` lets it take it again."
        raise Elsewhere(f"{vip} went to {now[0]}, not to {heir}: VRRP chose so. {left}")
    return f"{vip} is on {', '.join(now) or 'nobody'}, not on {heir}"


def _back_to(balancers: Sequence[str], vip: str, owner: str) -> None:
    """Let `owner` have the VIP again, wherever it is now."""
    _let_own(owner)
    vips = look_all(balancers, VrrpOwner)
    if owners(vips, vip) != (owner,):
        # Who was told so before, by somebody, is left as it is.
        others = [name for name, node in vips.items() if name != owner and isinstance(node, VipNode) and not node.away]
        try:
            _raise(owner)
            for name in others:
                _give_up(name, vip)
            wait_for(lambda: _not_on(balancers, vip, "", owner), within=TAKE, every=0.1)
        finally:
            # However it went: who was told to give it up must be able to take it.
            _let_all_own(others)
    if reason := not_one_owner(look_all(balancers, VrrpOwner), vip):
        raise Refused(reason)
