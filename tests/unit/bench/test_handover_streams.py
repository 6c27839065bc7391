"""The streams' own process: what it sends and sees, through sockets of this machine."""

import errno
import os
import select
import threading
from array import array
from pathlib import Path

import pytest
from bench.handover.streams import VOICE_OCTETS, Stream, run
from tests.support.eventually import eventually

HERE = "127.0.0.1"


def stream(rate: float, room: int) -> Stream:
    """It is its own peer."""
    made = Stream(HERE, (HERE, 0), 0, rate, room)
    made.peer = made.socket.getsockname()
    return made


def test_packets_are_numbered_and_timed_at_both_ends(tmp_path: Path) -> None:
    one = stream(50, room=10)
    one.send(now=0)
    one.send(now=0)  # the next is due in 20 ms
    one.send(now=2 * one.interval)
    select.select([one.socket], [], [], 5.0)
    one.receive()
    summary = one.write(tmp_path)
    assert (summary.sent, summary.received, summary.refused, summary.overflows) == (3, 3, [], [])
    numbers = array("q", (tmp_path / "50.numbers").read_bytes())
    times = array("q", (tmp_path / "50.times").read_bytes())
    sent = array("q", (tmp_path / "50.sent").read_bytes())
    assert list(numbers) == [0, 1, 2]
    assert all(left <= came + 1_000_000 for left, came in zip(sent, times, strict=True))
    one.socket.close()


def test_a_voice_packet_has_160_octets_behind_its_header() -> None:
    one = stream(50, room=1)
    one.send(now=0)
    select.select([one.socket], [], [], 5.0)
    assert len(one.socket.recv(2048)) == VOICE_OCTETS
    one.socket.close()


def test_without_room_it_says_so(tmp_path: Path) -> None:
    one = stream(50, room=1)
    one.send(now=one.interval)
    assert one.write(tmp_path).is_full
    one.socket.close()


def test_what_the_kernel_does_not_take_is_told(tmp_path: Path) -> None:
    one = stream(50, room=1)
    one.socket.close()
    one.send(now=0)
    assert one.write(tmp_path).refused == [(0, errno.EBADF)]


def test_a_line_ends_the_sending_and_the_next_one_all() -> None:
    one = stream(1000, room=100_000)
    orders, orderer = os.pipe()
    thread = threading.Thread(target=run, args=([one], orders), daemon=True)
    thread.start()
    eventually(lambda: one.received >= 10)
    os.write(orderer, b"next\n")
    eventually(lambda: one.received == one.count)
    assert thread.is_alive()
    os.write(orderer, b"next\n")
    thread.join(10)
    assert not thread.is_alive()
    assert one.received == one.count
    one.socket.close()
    os.close(orderer)
    os.close(orders)


@pytest.mark.parametrize("rate", [50.0, 5000.0])
def test_packets_are_due_at_even_times(rate: float) -> None:
    one = stream(rate, room=1000)
    one.send(now=2 * one.interval)
    assert (one.count, one.due) == (3, 3 * one.interval)
    one.socket.close()
