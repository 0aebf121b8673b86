"""A client of DHCP (RFC 2131), to be run on a host: asks for an address once a second, and tells each that it is given.

Usage: python3 dhcp_client.py INTERFACE MAC. A line for each address: itself, and who offered one, the one it is from
first.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
KIND, WANTED, SERVER, END = 53, 50, 54, 255
COOKIE = 0x63825363
FIXED = "!BBBBIHHIIII16s64s128sI"
ROUND, COLLECTS = 1.0, 0.3
"""Seconds from one question to the next, and those in which offers are waited for after the first."""


def message(number: int, mac: bytes, kind: int, *options: tuple[int, bytes]) -> bytes:
    """A question, to be answered to all: who asks has no address yet."""
    fixed = struct.pack(FIXED, 1, 1, 6, 0, number, 0, 0x8000, 0, 0, 0, 0, mac, b"", b"", COOKIE)
    asked = ((KIND, bytes((kind,))), *options)
    return fixed + b"".join(bytes((code, len(value))) + value for code, value in asked) + bytes((END,))


def answer(said: bytes, number: int) -> tuple[int, bytes, bytes] | None:
    """The kind of an answer to question `number`, the address in it, and who gave it."""
    size = struct.calcsize(FIXED)
    if len(said) < size or said[0] != 2 or struct.unpack("!I", said[4:8])[0] != number:
        return None
    options: dict[int, bytes] = {}
    rest = said[size:]
    while rest and rest[0] != END:
        code, length = (rest[0], rest[1]) if rest[0] else (0, -1)
        options[code], rest = rest[2 : 2 + length], rest[2 + length :]
    return options[KIND][0], said[16:20], options[SERVER]


def answers(wire: socket.socket, number: int, kind: int, seconds: float) -> list[tuple[bytes, bytes]]:
    """The answers of a kind that come in so many seconds: address and server of each."""
    found: list[tuple[bytes, bytes]] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            got = answer(wire.recv(2000), number)
        except TimeoutError:
            break
        if got and got[0] == kind:
            found.append((got[1], got[2]))
            end = min(end, time.monotonic() + COLLECTS)
    return found


def main(interface: str, mac: bytes) -> None:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    wire.bind(("", 68))
    while True:
        begun, number = time.monotonic(), int.from_bytes(os.urandom(4), "big")
        wire.sendto(message(number, mac, DISCOVER), ("255.255.255.255", 67))
        offers = answers(wire, number, OFFER, ROUND)
        if offers:
            address, server = offers[0]
            wire.sendto(message(number, mac, REQUEST, (WANTED, address), (SERVER, server)), ("255.255.255.255", 67))
            if answers(wire, number, ACK, ROUND):
                print(socket.inet_ntoa(address), *(socket.inet_ntoa(one) for _, one in offers), flush=True)
        time.sleep(max(0.0, begun + ROUND - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")))
