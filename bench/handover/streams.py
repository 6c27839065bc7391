"""One end of the streams: `python -m bench.handover.streams LOCAL PEER RATE... < "stop" > numbers`.

For each RATE (packets in a second) it sends numbered packets to the peer, port 9000 and on, and receives the peer's on
the same ports. A line on standard input ends it: then it writes all that it saw, as one JSON line: for each rate the
times (ns, CLOCK_MONOTONIC, which all namespaces share) at which packets left, and number and time of each that came.
"""

import json
import select
import socket
import struct
import sys
import time

FIRST_PORT = 9000
NUMBER = struct.Struct("!HHIIQ")
"""As RTP: version and type, short sequence number, timestamp, source; then our own number."""
RTP_VERSION, SOURCE = 0x8000, 0x4D495034
VOICE_RATE, VOICE_OCTETS, SMALL_OCTETS = 50.0, 172, 32
"""160 octets of G.711 behind 12 of RTP."""
LONGEST_SECONDS = 1200.0
MOST_AT_ONCE = 16


class Stream:
    def __init__(self, local: str, peer: str, port: int, rate: float) -> None:
        self.interval = int(1e9 / rate)
        self.octets = VOICE_OCTETS if rate == VOICE_RATE else SMALL_OCTETS
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.setblocking(False)
        self.socket.bind((local, port))
        self.peer = (peer, port)
        self.sent: list[int] = []
        self.received: list[tuple[int, int]] = []
        self.refused = 0
        self.due = time.monotonic_ns()

    def send(self, now: int) -> None:
        for _ in range(MOST_AT_ONCE):
            if now < self.due:
                return
            number = len(self.sent)
            head = NUMBER.pack(RTP_VERSION, number & 0xFFFF, number * 160 & 0xFFFFFFFF, SOURCE, number)
            self.sent.append(time.monotonic_ns())
            try:
                self.socket.sendto(head.ljust(self.octets, b"\0"), self.peer)
            except OSError:
                self.refused += 1
            self.due += self.interval

    def receive(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                octets = self.socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about an earlier packet
            self.received.append((NUMBER.unpack_from(octets)[4], time.monotonic_ns()))


def main() -> int:
    local, peer, *rates = sys.argv[1:]
    streams = [Stream(local, peer, FIRST_PORT + i, float(rate)) for i, rate in enumerate(rates)]
    sockets = [stream.socket for stream in streams]
    print("ready", flush=True)
    sys.stdin.readline()  # begin
    begun = time.monotonic_ns()
    for stream in streams:
        stream.due = begun
    is_sending, end = True, begun + int(LONGEST_SECONDS * 1e9)
    while time.monotonic_ns() < end:
        now = time.monotonic_ns()
        if is_sending:
            for stream in streams:
                stream.send(now)
        for stream in streams:
            stream.receive()
        wait = (min(stream.due for stream in streams) - time.monotonic_ns()) / 1e9 if is_sending else 0.2
        if wait > 0:
            ready, _, _ = select.select([*sockets, sys.stdin], [], [], wait)
            if sys.stdin in ready:
                if not is_sending or not sys.stdin.readline():
                    break
                is_sending = False  # what is on its way still counts
    seen = [{"sent": s.sent, "received": s.received, "refused": s.refused} for s in streams]
    print(json.dumps(seen), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
