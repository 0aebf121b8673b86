"""What is run on the VIP's owner before the VIP leaves it on purpose, so that no new connection is lost on the way."""

from __future__ import annotations

from cluster.haproxy.names import HAPROXY_WATCH_SOCKET

HELD_BACK = 1.5
"""Seconds at most in which an owner that is about to give the VIP up takes no new connection: clients send
a SYN that was dropped again after 1 s and after 3 s."""
MAKING = 0.6
"""Seconds at most until the connections that are being made have come to their end."""
STILL = 4
"""Looks in a row in which none of them has ended, so that those that are young just stay open. Looks and not seconds:
on a busy machine both take longer."""
PAUSE = 0.003
"""Seconds between two looks."""


def hold_back(socket: str = HAPROXY_WATCH_SOCKET) -> str:
    """A Perl program whose argument is a VIP: whoever has it lets nobody new in before it leaves the host.

    `socket`: where HAProxy is asked. Perl, because every Debian has it (perl-base), and because a process that is
    started for each look would cost the clients more time than the looks.
    """
    return _HOLD_BACK % {
        "held_back": HELD_BACK,
        "held_back_ms": round(1000 * HELD_BACK),
        "making": MAKING,
        "still": STILL,
        "pause": PAUSE,
        "socket": socket,
    }


# A connection that is being made when the VIP goes would be lost. So the owner first takes no new one: a SYN that is
# dropped is sent again by its client, and finds the heir. Then those that are being made come to their end, which on a
# busy machine takes longer than on a quiet one. A HAProxy that does not answer makes none.
_HOLD_BACK = r"""#!/usr/bin/perl
# Managed by hatui. hold_back VIP: before a VIP leaves this host, let nobody new in, which the kernel ends after
# %(held_back)g s whatever becomes of this program; and those who are being let in come to their end.
use strict;
use Socket;
use Time::HiRes qw(sleep time);
my $vip = shift;
exit 0 if `ip -4 -o addr show` !~ m{ \Q$vip\E/};

# HAProxy's sessions (management.txt, 9.3), a line each; empty if it does not answer.
sub sessions {
    socket my $haproxy, PF_UNIX, SOCK_STREAM, 0 or return '';
    setsockopt $haproxy, SOL_SOCKET, $_, pack 'l!l!', 0, 1e6 * %(making)g for SO_RCVTIMEO, SO_SNDTIMEO;
    connect $haproxy, sockaddr_un('%(socket)s') or return '';
    syswrite $haproxy, "show sess\n";
    my $said = '';
    1 while sysread $haproxy, $said, 65536, length $said;
    return $said;
}

exit 0 if sessions() eq '';
sub nft {
    open my $nft, '|-', 'nft', '-f', '-' or exit 1;
    print $nft shift;
    close $nft or exit 1;
}

# A new chain takes the kernel some 10 ms. So it is there first, and holds nobody.
nft(<<"END");
table inet hatui_handover
delete table inet hatui_handover
table inet hatui_handover {
    set held { type ipv4_addr; flags timeout; }
    chain arriving {
        type filter hook prerouting priority -300;
        ip daddr \@held tcp flags & (syn | ack) == syn drop
    }
}
END
nft("add element inet hatui_handover held { $vip timeout %(held_back_ms)dms }\n");

# Those younger than two seconds may just be logging in. Those that stay open come to no end: where none has ended in
# some looks, nobody is being let in. Nor where there is none in two: at the first one the kernel may have had one that
# HAProxy had not taken yet.
my ($begun, $young, $same) = (time, -1, 0);
while ($same < ($young ? %(still)d : 2) && time - $begun < %(making)g) {
    sleep %(pause)g;
    my $now = grep { / age=[01]s / && !/fe=GLOBAL/ } split /\n/, sessions();
    $same = $now == $young ? $same + 1 : 1;
    $young = $now;
}
"""
