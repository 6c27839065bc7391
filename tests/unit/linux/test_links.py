import errno
import socket
import struct
from ipaddress import IPv4Address
from threading import Event
from typing import Any

import pytest
from tests.support.eventually import eventually
from tests.support.fake_socket import FakeSocket, maker

from mobileip.linux import links as module
from mobileip.linux.links import (
    ETH_P_IP,
    GROUPS,
    PACKET_ADD_MEMBERSHIP,
    PACKET_AUXDATA,
    SIGNALLING,
    SOL_PACKET,
    TP_STATUS_CSUMNOTREADY,
    Frame,
    LinkSocket,
    gratuitous_arp,
    multicast_link_address,
)

MAC = bytes(range(6))


@pytest.mark.requirement("R1256-4.3-a", "R5944-2.3-c")
def test_multicast_addresses_as_in_rfc_1112() -> None:
    found = {str(group): multicast_link_address(group).hex() for group in GROUPS}
    assert found == {
        "224.0.0.1": "01005e000001",
        "224.0.0.2": "01005e000002",
        "224.0.0.11": "01005e00000b",
    }
    # Only 23 bits of the group are in it.
    assert multicast_link_address(IPv4Address("239.255.255.255")).hex() == "01005e7fffff"


def test_a_gratuitous_arp_is_a_request_for_its_own_sender() -> None:
    octets = gratuitous_arp(IPv4Address("10.1.0.10"), b"\x02\0\0\0\0\x01")
    assert octets.hex(" ", 2) == "0001 0800 0604 0001 0200 0000 0001 0a01 000a 0000 0000 0000 0a01 000a"


class TestSocket:
    """On a socket that a test fills."""

    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch) -> FakeSocket:
        made = FakeSocket()
        monkeypatch.setattr(module.socket, "socket", maker(made))
        monkeypatch.setattr(module.socket, "if_nametoindex", {"x": 3}.__getitem__)
        monkeypatch.setattr(module, "attach", lambda target, program: target.setsockopt(0, 26, program))
        return made

    def test_it_hears_signalling_and_three_groups(self, fake: FakeSocket) -> None:
        opened = LinkSocket("x")
        assert (opened.index, opened.fileno(), fake.bound) == (3, 7, ("x", ETH_P_IP))
        assert fake.options[0, 26] == SIGNALLING
        joined = {struct.unpack("iHH8s", value) for value in fake.every(SOL_PACKET, PACKET_ADD_MEMBERSHIP)}
        assert joined == {(3, 0, 6, multicast_link_address(group) + bytes(2)) for group in GROUPS}
        assert not fake.is_closed
        opened.close()
        eventually(lambda: fake.is_closed)

    def test_whoever_closes_it_does_not_wait_for_the_kernel(self, fake: FakeSocket) -> None:
        may_end = Event()
        fake.close = may_end.wait  # type: ignore[assignment, method-assign]
        LinkSocket("x").close()
        may_end.set()

    def test_it_hears_what_another_program_keeps_and_every_group(self, fake: FakeSocket) -> None:
        LinkSocket("x", b"program", None)
        assert fake.options[0, 26] == b"program"
        joined = fake.every(SOL_PACKET, PACKET_ADD_MEMBERSHIP)
        assert [struct.unpack("iHH8s", value) for value in joined] == [(3, 2, 0, bytes(8))]

    def test_nothing_stays_open_when_it_can_not_be_bound(self, fake: FakeSocket) -> None:
        fake.refusals["bind"] = OSError(errno.ENODEV, "gone")
        with pytest.raises(OSError, match="gone"):
            LinkSocket("x")
        assert fake.is_closed

    def test_frames_of_our_own_and_to_others_are_passed_over(self, fake: FakeSocket) -> None:
        def frame(
            kind: int, *ancillary: tuple[int, int, bytes]
        ) -> tuple[bytes, list[tuple[int, int, bytes]], int, Any]:
            return bytes((kind,)), list(ancillary), 0, ("x", ETH_P_IP, kind, 1, b"\x02\0\0\0\0\x01")

        not_ready = (SOL_PACKET, PACKET_AUXDATA, struct.pack("=IIIHHHH", TP_STATUS_CSUMNOTREADY, 1, 1, 0, 0, 0, 0))
        other = (SOL_PACKET, 99, b"")
        fake.incoming = [frame(kind) for kind in range(5)] + [frame(0, other, not_ready)]
        link = b"\x02\0\0\0\0\x01"
        assert list(LinkSocket("x").frames(9)) == [
            Frame(b"\0", link, True),
            Frame(b"\1", link, True, to_us=False),
            Frame(b"\2", link, True, to_us=False),
            Frame(b"\0", link, False),
        ]

    def test_at_most_so_many_frames(self, fake: FakeSocket) -> None:
        fake.incoming = [(b"", [], 0, ("x", ETH_P_IP, 0, 1, bytes(6)))] * 3
        assert len(list(LinkSocket("x").frames(2))) == 2

    def test_sending_tells_the_error(self, fake: FakeSocket) -> None:
        opened = LinkSocket("x")
        assert opened.send(b"packet", bytes(6)) == 0
        assert fake.sent == [(b"packet", ("x", ETH_P_IP, 0, 0, bytes(6)))]
        fake.refusals["sendto"] = OSError(errno.ENETDOWN, "down")
        assert opened.send(b"packet", bytes(6)) == errno.ENETDOWN
        fake.refusals["sendto"] = OSError("nameless")
        assert opened.send(b"packet", bytes(6)) == errno.EIO

    def test_many_packets_leave_together(self, fake: FakeSocket, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[object] = []

        class Sending:
            def __init__(self, name_length: int) -> None:
                sent.append(name_length)

            def send(self, *arguments: object) -> tuple[int, int]:
                sent.append(arguments)
                return 2, 0

        monkeypatch.setattr(module, "SendBatch", Sending)
        opened = LinkSocket("x")
        for _ in range(2):
            assert opened.send_all([b"one", b"two"], MAC) == (2, 0)
        # struct sockaddr_ll: family, protocol in the order of the network, interface, and the address with its length.
        name = (
            struct.pack("=H", socket.AF_PACKET)
            + b"\x08\x00"
            + struct.pack("=iHBB8s", opened.index, 0, 0, 6, bytes(range(6)))
        )
        assert sent == [20, *[(fake.fileno(), [b"one", b"two"], [name, name])] * 2]


def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(OSError, match="no interface with this name"):
        LinkSocket("not-there")
