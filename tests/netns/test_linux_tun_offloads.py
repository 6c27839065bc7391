"""Offloads as the kernel has them: trains of segments out of our device and into it.

near: mip0 (10.1.0.1/24)  -- by the test's own hands --  mip0 (10.1.0.2/24) :far
"""

import hashlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.support.netns import Namespace, namespace

from mobileip.dataplane.userspace.segment import packets_of
from mobileip.linux.tun import TunnelDevice
from mobileip.wire.ip.ipv4 import decode_ipv4

pytestmark = pytest.mark.netns

NEAR, FAR = "10.1.0.1", "10.1.0.2"
PORT = 7000
PATIENCE = 20
UDP_SEGMENT, SOL_UDP = 103, 17
MTU = 1480
OCTETS = 8 << 20


class Place:
    def __init__(self, stack: ExitStack, address: str) -> None:
        self.namespace: Namespace = stack.enter_context(namespace())
        with self.namespace.entered():
            self.device = TunnelDevice("mip0", MTU, with_offloads=True)
        stack.callback(self.device.close)
        self.namespace.ip(f"address add {address}/24 dev mip0")


@pytest.fixture
def places() -> Iterator[tuple[Place, Place]]:
    with ExitStack() as stack:
        yield Place(stack, NEAR), Place(stack, FAR)


class Carrier:
    """Carries packets between the two devices, segment by segment; `change` may do something to each."""

    def __init__(self, near: Place, far: Place, *, onwards: bool, change: Callable[[bytes], bytes]) -> None:
        self._ways = {near.device.fileno(): (near.device, far.device), far.device.fileno(): (far.device, near.device)}
        self._onwards, self._change = onwards, change
        self.largest_read = self.largest_packet = 0
        self.errors: list[int] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Carrier":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            for descriptor in select.select(list(self._ways), [], [], 0.05)[0]:
                source, target = self._ways[descriptor]
                packets = []
                for octets in source.read_all():
                    self.largest_read = max(self.largest_read, len(octets))
                    packets += map(self._change, packets_of(octets))
                self.largest_packet = max([self.largest_packet, *map(len, packets)])
                if packets:
                    self.errors.append(target.write_all(packets, onwards=self._onwards)[1])


def transferred(near: Place, far: Place) -> bool:
    """Whether many octets arrive as they were sent."""
    content = bytes(range(251)) * (OCTETS // 251)
    with ExitStack() as stack:
        with far.namespace.entered():
            server = stack.enter_context(socket.create_server((FAR, PORT)))
        with near.namespace.entered():
            client = stack.enter_context(socket.create_connection((FAR, PORT), PATIENCE))
        connection, _ = server.accept()
        stack.enter_context(connection)
        connection.settimeout(PATIENCE)
        digest = hashlib.sha256()

        def receive() -> None:
            while octets := connection.recv(1 << 16):
                digest.update(octets)

        receiver = threading.Thread(target=receive)
        receiver.start()
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)
        receiver.join()
        return digest.digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("onwards", [False, True])
def test_trains_of_tcp_pass_whole_and_their_segments_fit_the_device(places: tuple[Place, Place], onwards: bool) -> None:
    with Carrier(*places, onwards=onwards, change=bytes) as carrier:
        assert transferred(*places)
    assert carrier.largest_read > 10 * MTU
    assert carrier.largest_packet <= MTU
    assert set(carrier.errors) == {0}


@pytest.mark.parametrize("onwards", [False, True])
def test_what_was_damaged_on_the_way_is_not_believed(places: tuple[Place, Place], onwards: bool) -> None:
    seen = 0

    def damage(packet: bytes) -> bytes:
        nonlocal seen
        seen += len(packet) > 1000
        if len(packet) > 1000 and seen % 200 == 5:
            return packet[:700] + bytes((packet[700] ^ 0x55,)) + packet[701:]
        return packet

    with Carrier(*places, onwards=onwards, change=damage):
        assert transferred(*places), "what was damaged was sent again"
    assert seen > 200


def test_trains_of_udp_come_out_as_the_datagrams_that_went_in(places: tuple[Place, Place]) -> None:
    near, far = places
    if not near.device.takes_udp_trains:  # Linux before 6.2
        assert not far.device.takes_udp_trains
        return
    with ExitStack() as stack:
        with far.namespace.entered():
            receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            receiver.bind((FAR, PORT))
            receiver.settimeout(PATIENCE)
        with near.namespace.entered():
            sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sender.setsockopt(SOL_UDP, UDP_SEGMENT, 100)
        carrier = stack.enter_context(Carrier(near, far, onwards=False, change=bytes))
        sent = bytes(range(250)) * 4 + b"the rest"
        sender.sendto(sent, (FAR, PORT))
        datagrams = [receiver.recv(2000) for _ in range(11)]
        assert datagrams == [sent[at : at + 100] for at in range(0, len(sent), 100)]
        assert carrier.largest_read > len(sent)


def test_a_checksum_that_was_left_to_us_is_completed(places: tuple[Place, Place]) -> None:
    near, _ = places
    with near.namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"hello", (FAR, PORT))
    assert select.select([near.device.fileno()], [], [], PATIENCE)[0]
    ((packet,),) = [packets_of(octets) for octets in near.device.read_all()]
    datagram = decode_ipv4(packet)
    pseudo = packet[12:20] + bytes((0, 17)) + len(datagram.payload).to_bytes(2)
    assert int.from_bytes(pseudo + datagram.payload + b"\0") % 0xFFFF == 0


@pytest.mark.parametrize("before", [False, True])
def test_a_device_that_a_daemon_of_another_kind_left_is_taken_over(before: bool) -> None:
    with namespace() as here, here.entered():
        left = TunnelDevice("mip0", MTU, with_offloads=before)
        left.persist(True)
        left.close()
        device = TunnelDevice("mip0", MTU, with_offloads=not before)
        here.ip(f"address add {NEAR}/24 dev mip0")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"hello", (FAR, PORT))
            assert select.select([device.fileno()], [], [], PATIENCE)[0]
            (read,) = device.read_all()
            packet = packets_of(read)[0] if device.has_offloads else read
            assert decode_ipv4(packet).payload[8:] == b"hello"
            assert len(read) == len(packet) + (10 if device.has_offloads else 0)
        device.persist(False)
        device.close()
