"""Small packets: one process sends as many as it can, another counts what its socket gets. Run inside a namespace.

    python -m bench.dataplane.packets send      <<< '{"source": "10.0.1.2", "destination": "10.0.3.2", "seconds": 1}'
    python -m bench.dataplane.packets receive   <<< '{"seconds": 1}'

Each order is answered by a line. Many packets pass in one system call, so that the path is measured and not these two;
and the receiver looks once in a millisecond, so that no packet has to wake it.
"""

import ctypes
import json
import os
import select
import socket
import sys
import time
from typing import Any

from bench.dataplane.cores import receiver_core, sender_core

OCTETS = 64
"""Of payload."""
PORT = 7000
_BATCH = 64
_MOST_AT_ONCE = 1024
_DRAIN_INTERVAL, _SILENCE, _PATIENCE = 0.001, 0.2, 10.0
"""Seconds: between two looks; without a packet, then the stream is over; until the first packet."""
_RECEIVE_BUFFER = 32 << 20
_DONT_WAIT = socket.MSG_DONTWAIT

_libc = ctypes.CDLL(None, use_errno=True)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr`."""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


class Batch:
    """Messages that share one buffer: what is sent is all the same, what is received is only counted."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._buffer = ctypes.create_string_buffer(OCTETS)
        self._vector = _Vector(ctypes.addressof(self._buffer), OCTETS)
        self._messages = (_Message * number)()
        for message in self._messages:
            message.header.vectors = ctypes.pointer(self._vector)
            message.header.vector_count = 1

    def send(self, descriptor: int) -> int:
        """How many went; 0 for an error that passes (a full queue)."""
        sent: int = _libc.sendmmsg(descriptor, self._messages, self._number, 0)
        return max(0, sent)

    def receive(self, descriptor: int) -> int:
        """How many were waiting, at most as many as the batch holds."""
        received: int = _libc.recvmmsg(descriptor, self._messages, self._number, _DONT_WAIT, None)
        return max(0, received)


def send(source: str, destination: str, seconds: float) -> dict[str, Any]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        sender.connect((destination, PORT))
        batch, descriptor, sent = Batch(_BATCH), sender.fileno(), 0
        start = time.perf_counter()
        while (passed := time.perf_counter() - start) < seconds:
            sent += batch.send(descriptor)
    return {"sent": sent, "seconds": passed}


def receive(receiver: socket.socket, batch: Batch, seconds: float) -> dict[str, Any]:
    """Counts from the first packet to the last; a stream that never ends is left after `seconds` and a while."""
    descriptor, poll = receiver.fileno(), select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(_PATIENCE * 1000):
        return {"packets": 0, "seconds": seconds}
    start = last = time.perf_counter()
    count, give_up = 0, start + seconds + _PATIENCE
    while last < give_up and poll.poll(_SILENCE * 1000):
        while (found := batch.receive(descriptor)) > 0:
            count += found
        last = time.perf_counter()
        time.sleep(_DRAIN_INTERVAL)
    return {"packets": count, "seconds": last - start}


def _receiver() -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, 33, _RECEIVE_BUFFER)  # SO_RCVBUFFORCE
    receiver.bind(("0.0.0.0", PORT))  # noqa: S104 - in a namespace of our own
    return receiver


def main(role: str) -> None:
    is_sender = role == "send"
    os.sched_setaffinity(0, {sender_core() if is_sender else receiver_core()})
    receiver, batch = None if is_sender else _receiver(), Batch(_MOST_AT_ONCE)
    for line in sys.stdin:
        order = json.loads(line)
        if receiver is None:
            answer = send(order["source"], order["destination"], order["seconds"])
        else:
            while batch.receive(receiver.fileno()):
                pass  # the stragglers of the stream before
            print(json.dumps({"ready": True}), flush=True)
            answer = receive(receiver, batch, order["seconds"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
