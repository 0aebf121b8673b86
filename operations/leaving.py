"""What is run on the VIP's owner before the VIP leaves it on purpose, so that no new connection is lost on the way."""

from __future__ import annotations

from cluster.wiring import HAPROXY_WATCH_SOCKET

HELD_BACK = 1.5
"""Seconds at most in which an owner that is about to give the VIP up takes no new connection: clients send
a SYN that was dropped again after 1 s and after 3 s."""
MADE = 0.02
"""Seconds until HAProxy has all connections that were made by then."""
MAKING = 0.6
"""Seconds at most until those younger than two seconds, which may just be logging in, have come to their end."""


def hold_back() -> str:
    """A shell script whose argument is a VIP: whoever has it lets nobody new in before it leaves the host."""
    return _HOLD_BACK % {
        "held_back": HELD_BACK,
        "held_back_ms": round(1000 * HELD_BACK),
        "made": MADE,
        "making": MAKING,
        "socket": HAPROXY_WATCH_SOCKET,
    }


# A connection that is being made when the VIP goes would be lost. So the owner first takes no new one: a SYN that is
# dropped is sent again by its client, and finds the heir. Then those that are being made come to their end, which on a
# busy machine takes longer than on a quiet one. A HAProxy that does not answer makes none.
_HOLD_BACK = """#!/bin/sh
# Managed by hatui. hold_back VIP: before a VIP leaves this host, let nobody new in, which the kernel ends after
# %(held_back)g s whatever becomes of this program; and those who are being let in come to their end.
ip -4 -o addr show | grep -qF " $1/" || exit 0
ask() { echo "show sess" | timeout %(making)g socat -t 1 - UNIX-CONNECT:%(socket)s 2>/dev/null; }
[ -n "$(ask)" ] || exit 0
nft -f - <<END || exit 1
table inet hatui_handover
delete table inet hatui_handover
table inet hatui_handover {
    set held { type ipv4_addr; flags timeout; }
    chain arriving {
        type filter hook prerouting priority -300;
        ip daddr @held tcp flags & (syn | ack) == syn drop
    }
}
add element inet hatui_handover held { $1 timeout %(held_back_ms)dms }
END
sleep %(made)g
# Those that are young and stay open come to no end: where none has ended between two looks, nobody is being let in.
timeout %(making)g sh -c '
    left=0 same=0
    while [ $same -lt 2 ]; do
        now=$(echo "show sess" | socat -t 1 - UNIX-CONNECT:%(socket)s | grep -v fe=GLOBAL | grep -c " age=[01]s ")
        [ "$now" -gt 0 ] || break
        if [ "$now" -eq "$left" ]; then same=$((same + 1)); else same=0 left=$now; fi
        sleep 0.01
    done
' || true
"""
