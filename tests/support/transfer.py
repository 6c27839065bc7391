"""A program that carries octets from one host to another and says whether all of them came: by any python3, without us.

transfer.py receive tcp|udp ADDRESS PORT            prints "ready" first, ends after one transfer
transfer.py send tcp|udp SOURCE ADDRESS PORT OCTETS  ends with an error unless the other end has the same checksum
"""

import hashlib
import random
import socket
import sys
from collections.abc import Iterable

PATIENCE_SECONDS = 20.0
RETRY_SECONDS = 1.0
TRIES = 10
DATAGRAMS = (1, 64, 576, 1400, 1452, 1472, 1473, 2900, 8000)
"""Sizes in turn; those above the MTU travel as fragments."""
WINDOW = 8
"""Datagrams on their way at once, few enough for every queue."""
NUMBER = 4
"""Octets."""
IP_MTU_DISCOVER, NEVER = 10, 0
"""Datagrams may be fragmented anywhere; that TCP's must not be is the kernel's default."""


def receive_tcp(address: str, port: int) -> None:
    with socket.create_server((address, port)) as server:
        server.settimeout(PATIENCE_SECONDS)
        print("ready", flush=True)
        connection, _ = server.accept()
    with connection:
        connection.settimeout(PATIENCE_SECONDS)
        digest = hashlib.sha256()
        while octets := connection.recv(1 << 16):
            digest.update(octets)
        connection.sendall(digest.digest())


def send_tcp(source: str, address: str, port: int, content: bytes) -> bool:
    with socket.create_connection((address, port), PATIENCE_SECONDS, (source, 0)) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        told = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return told == hashlib.sha256(content).digest()


def receive_udp(address: str, port: int) -> None:
    """Answers each datagram with its number and checksum; one that is nothing but a number is the last."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((address, port))
        receiver.settimeout(PATIENCE_SECONDS)
        print("ready", flush=True)
        length = 0
        while length != NUMBER:
            datagram, sender = receiver.recvfrom(1 << 16)
            length = len(datagram)
            receiver.sendto(datagram[:NUMBER] + hashlib.sha256(datagram).digest(), sender)


def send_udp(source: str, address: str, port: int, content: bytes) -> bool:
    datagrams, start = [], 0
    while start < len(content):
        size = DATAGRAMS[len(datagrams) % len(DATAGRAMS)]
        datagrams.append(len(datagrams).to_bytes(NUMBER) + content[start : start + size])
        start += size
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, NEVER)
        sender.bind((source, 0))
        sender.connect((address, port))
        sender.settimeout(RETRY_SECONDS)
        windows = [datagrams[first : first + WINDOW] for first in range(0, len(datagrams), WINDOW)]
        if not all(_carried(sender, window) for window in windows):
            return False
        try:
            return _carried(sender, [len(datagrams).to_bytes(NUMBER)])
        except ConnectionRefusedError:
            return True  # the receiver has had the last one and is gone, only its answer to it was lost


def _carried(sender: socket.socket, window: Iterable[bytes]) -> bool:
    """Whether all are answered rightly; what is lost is sent again, what comes falsified ends it."""
    waiting = {datagram[:NUMBER]: datagram for datagram in window}
    for _ in range(TRIES):
        for datagram in waiting.values():
            sender.send(datagram)
        try:
            while waiting:
                answer = sender.recv(1 << 16)
                datagram = waiting.pop(answer[:NUMBER], b"")
                if datagram and answer[NUMBER:] != hashlib.sha256(datagram).digest():
                    return False
        except TimeoutError:
            continue
        return True
    return False


def main(verb: str, protocol: str, *rest: str) -> None:
    if verb == "receive":
        address, port = rest
        (receive_tcp if protocol == "tcp" else receive_udp)(address, int(port))
        return
    source, address, port, octets = rest
    content = random.Random(int(octets)).randbytes(int(octets))
    if not (send_tcp if protocol == "tcp" else send_udp)(source, address, int(port), content):
        sys.exit("what arrived is not what was sent")


if __name__ == "__main__":
    main(*sys.argv[1:])
