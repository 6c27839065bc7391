import io
import struct
from ipaddress import IPv4Address

from mobileip.sim.network import Passage
from mobileip.sim.packet import DATA, Packet, announcement
from mobileip.sim.pcap import LINKTYPE_RAW, START, Capture

ADDRESS = IPv4Address("10.0.0.1")


def passage(packet: Packet, at: float, receiver: str = "b") -> Passage:
    return Passage("a", receiver, "link", packet, at, at)


def test_a_capture_holds_ipv4_packets() -> None:
    output = io.BytesIO()
    capture = Capture(output)
    packet = Packet(kind=DATA, payload=b"E packet", source=ADDRESS, destination=ADDRESS)
    capture.pass_on(passage(packet, 1.25))
    head, record = output.getvalue()[:24], output.getvalue()[24:]
    assert struct.unpack("<IHHiIII", head) == (0xA1B23C4D, 2, 4, 0, 0, 65535, LINKTYPE_RAW)
    assert struct.unpack("<IIII", record[:16]) == (START + 1, 250_000_000, 8, 8)
    assert record[16:] == b"E packet"


def test_a_multicast_to_several_is_one_packet_and_arp_is_none() -> None:
    output = io.BytesIO()
    capture = Capture(output)
    packet = Packet(kind=DATA, payload=b"E packet", source=ADDRESS, destination=ADDRESS)
    for receiver in "bcd":
        capture.pass_on(passage(packet, 1.0, receiver))
    capture.pass_on(passage(announcement(ADDRESS), 1.0))
    assert len(output.getvalue()) == 24 + 16 + 8
    capture.pass_on(passage(packet, 2.0))
    assert len(output.getvalue()) == 24 + 2 * (16 + 8)
