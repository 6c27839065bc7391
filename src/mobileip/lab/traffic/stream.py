"""One end of a voice-like call: `python -m mobileip.lab.traffic.stream PORT PEER PEER_PORT SENT RECEIVED [RATE]`.

It sends RATE (50) UDP packets of 172 octets a second to the peer, and receives the peer's on the same PORT. The files
get one line for each packet: "SEQUENCE BOOTTIME" in SENT, "SEQUENCE BOOTTIME SOURCE" in RECEIVED, in nanoseconds of
CLOCK_BOOTTIME. Packets that the kernel refuses are noted as sent: to the listener they are lost.
"""

import contextlib
import select
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TextIO

_PACKET_OCTETS = 172
"""12 octets of RTP header and 20 ms of G.711."""
_SEQUENCE = struct.Struct("!Q")


def now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def main() -> int:
    port, peer, peer_port, sent_name, received_name, *rest = sys.argv[1:]
    interval = int(1e9 / (float(rest[0]) if rest else 50.0))
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.setblocking(False)
    end.bind(("0.0.0.0", int(port)))  # noqa: S104 - no source address is chosen, on purpose
    sequence, due = 0, now()
    with Path(sent_name).open("w", buffering=1) as sent, Path(received_name).open("w", buffering=1) as received:
        while True:
            wait = (due - now()) / 1e9
            if wait > 0 and select.select([end], [], [], wait)[0]:
                _receive(end, received)
            if now() >= due:
                sent.write(f"{sequence} {now()}\n")
                with contextlib.suppress(OSError):
                    end.sendto(_SEQUENCE.pack(sequence).ljust(_PACKET_OCTETS, b"\0"), (peer, int(peer_port)))
                sequence, due = sequence + 1, due + interval


def _receive(end: socket.socket, received: TextIO) -> None:
    with contextlib.suppress(OSError):  # an ICMP error of an earlier packet
        while True:
            packet, (source, _) = end.recvfrom(2048)
            received.write(f"{_SEQUENCE.unpack_from(packet)[0]} {now()} {source}\n")


if __name__ == "__main__":
    sys.exit(main())
