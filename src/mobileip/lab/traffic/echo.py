"""ICMP echoes: `python -m mobileip.lab.traffic.echo ADDRESS SENT RECEIVED [RATE]` asks RATE (10) times a second.

The files get one line for each echo: "SEQUENCE BOOTTIME" in SENT, "SEQUENCE BOOTTIME SOURCE" in RECEIVED. It uses an
ICMP datagram socket (net.ipv4.ping_group_range), so the kernel sees to identifier and checksum.
"""

import contextlib
import select
import socket
import struct
import sys
from pathlib import Path
from typing import TextIO

from mobileip.lab.traffic.stream import now

_ECHO = struct.Struct("!BBHHHQ")
"""Type, code, checksum, identifier, sequence number; then our own sequence number, which does not wrap."""
_ECHO_REQUEST, _ECHO_REPLY = 8, 0


def main() -> int:
    address, sent_name, received_name, *rest = sys.argv[1:]
    interval = int(1e9 / (float(rest[0]) if rest else 10.0))
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    end.setblocking(False)
    sequence, due = 0, now()
    with Path(sent_name).open("w", buffering=1) as sent, Path(received_name).open("w", buffering=1) as received:
        while True:
            wait = (due - now()) / 1e9
            if wait > 0 and select.select([end], [], [], wait)[0]:
                _receive(end, received)
            if now() >= due:
                sent.write(f"{sequence} {now()}\n")
                with contextlib.suppress(OSError):
                    end.sendto(_ECHO.pack(_ECHO_REQUEST, 0, 0, 0, sequence & 0xFFFF, sequence), (address, 0))
                sequence, due = sequence + 1, due + interval


def _receive(end: socket.socket, received: TextIO) -> None:
    with contextlib.suppress(OSError):  # an ICMP error of an earlier packet
        while True:
            packet, (source, _) = end.recvfrom(2048)
            if len(packet) == _ECHO.size and packet[0] == _ECHO_REPLY:
                received.write(f"{_ECHO.unpack(packet)[5]} {now()} {source}\n")


if __name__ == "__main__":
    sys.exit(main())
