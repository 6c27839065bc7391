"""Law 4: what we encode decodes to itself, and octets that are accepted re-encode to themselves, reserved bits too.

Law 5: no octets raise anything but `DecodeError`.
"""

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import strategies

from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation, decode_icmp, encode_icmp
from mobileip.wire.errors import DecodeError
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.host_configuration import CISCO, HOST_CONFIGURATION, HostConfiguration
from mobileip.wire.extensions.registry import CONTROL, DISCOVERY, decode_extensions
from mobileip.wire.extensions.vendor import NormalVendorExtension
from mobileip.wire.ip.checksum import checksum, decrement_ttl, is_valid
from mobileip.wire.ip.ipip import decapsulate, encapsulate
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import decode_udp, encode_udp
from mobileip.wire.message import Message, decode_message, encode_message

ROUND_TRIPS = settings(max_examples=200, deadline=None)
DECODER = settings(max_examples=2000, deadline=None)
A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")


@pytest.mark.parametrize("name", strategies.EXTENSIONS)
def test_control_extension(name: str) -> None:
    @ROUND_TRIPS
    @given(strategies.EXTENSIONS[name])
    def law(extension: Extension) -> None:
        octets = extension.encode()
        # In the middle of others, so that its length is neither too small nor too large.
        decoded, offsets = decode_extensions(b"\0" + octets + b"\0", 0, CONTROL)
        assert decoded[1:-1] == (extension,)
        assert offsets == (0, 1, 1 + len(octets))

    law()


@pytest.mark.parametrize("name", strategies.ADVERTISED)
def test_advertised_extension(name: str) -> None:
    @ROUND_TRIPS
    @given(strategies.ADVERTISED[name])
    def law(extension: Extension) -> None:
        decoded, _ = decode_extensions(b"\0" + extension.encode() + b"\0", 0, DISCOVERY)
        assert decoded[1:-1] == (extension,)

    law()


@pytest.mark.parametrize("name", strategies.MESSAGES)
def test_message(name: str) -> None:
    @ROUND_TRIPS
    @given(strategies.MESSAGES[name])
    def law(message: Message) -> None:
        octets = encode_message(message)
        decoded = decode_message(octets)
        assert decoded.message == message
        assert decoded.octets == octets
        assert len(decoded.offsets) == len(message.extensions)

    law()


@ROUND_TRIPS
@given(strategies.advertisements | strategies.solicitations)
def test_discovery(message: AgentAdvertisement | AgentSolicitation) -> None:
    assert decode_icmp(encode_icmp(message)) == message


@ROUND_TRIPS
@given(strategies.ipv4_packets)
def test_ipv4(packet: Ipv4Packet) -> None:
    octets = encode_ipv4(packet)
    assert decode_ipv4(octets) == packet
    assert encode_ipv4(decode_ipv4(octets)) == octets


@ROUND_TRIPS
@given(strategies.u16, strategies.u16, strategies.octets, strategies.addresses, strategies.addresses)
def test_udp(source_port: int, destination_port: int, payload: bytes, source: IPv4Address, to: IPv4Address) -> None:
    octets = encode_udp(source, to, source_port, destination_port, payload)
    datagram = decode_udp(octets, source, to)
    assert (datagram.source_port, datagram.destination_port, datagram.payload) == (
        source_port,
        destination_port,
        payload,
    )


@ROUND_TRIPS
@given(strategies.ipv4_packets, strategies.u16)
def test_ip_in_ip(packet: Ipv4Packet, identification: int) -> None:
    inner = encode_ipv4(packet)
    outer = encapsulate(inner, A.packed, B.packed, identification=identification)
    assert decapsulate(outer) == (A.packed, B.packed, inner)
    decoded = decode_ipv4(outer)
    assert (decoded.source, decoded.destination, decoded.tos) == (A, B, packet.tos)
    assert (decoded.identification, decoded.dont_fragment) == (identification, packet.dont_fragment)


@ROUND_TRIPS
@given(st.binary(max_size=200))
def test_checksum_is_the_ones_complement_sum(octets: bytes) -> None:
    padded = octets + b"\0" * (len(octets) % 2)
    total = sum(int.from_bytes(padded[i : i + 2]) for i in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(octets) == total ^ 0xFFFF
    assert is_valid(padded + checksum(octets).to_bytes(2))


@ROUND_TRIPS
@given(strategies.ipv4_packets.filter(lambda packet: packet.ttl > 0))
def test_decrement_ttl(packet: Ipv4Packet) -> None:
    octets = decrement_ttl(encode_ipv4(packet))
    assert decode_ipv4(octets).ttl == packet.ttl - 1
    assert octets == encode_ipv4(decode_ipv4(octets))


def _valid_messages() -> st.SearchStrategy[bytes]:
    return st.one_of(*strategies.MESSAGES.values()).map(encode_message)


@DECODER
@given(st.binary(max_size=200) | _valid_messages() | strategies.mutated(_valid_messages()))
def test_any_octets_as_message(octets: bytes) -> None:
    try:
        message = decode_message(octets).message
    except DecodeError:
        return
    assert encode_message(message) == octets


def _with_checksum(octets: bytes) -> bytes:
    """Octets whose ICMP checksum is right, so that what is behind it is reached."""
    if len(octets) < 4:
        return octets
    blank = octets[:2] + b"\0\0" + octets[4:]
    return octets[:2] + checksum(blank).to_bytes(2) + octets[4:]


_discovery = (strategies.advertisements | strategies.solicitations).map(encode_icmp)


@DECODER
@given((st.binary(max_size=200) | _discovery | strategies.mutated(_discovery)).map(_with_checksum))
def test_any_octets_as_discovery(octets: bytes) -> None:
    try:
        message = decode_icmp(octets)
    except DecodeError:
        return
    assert encode_icmp(message) == octets


_numbers = [("control", number) for number in (*CONTROL, 1, 35, 128, 250)]
_numbers += [("discovery", number) for number in (*DISCOVERY, 1, 32, 128, 250)]


@pytest.mark.parametrize(("space", "number"), _numbers)
def test_any_octets_as_extension(space: str, number: int) -> None:
    registry = {"control": CONTROL, "discovery": DISCOVERY}[space]

    @DECODER
    @given(st.binary(max_size=24), st.integers(0, 2))
    def law(data: bytes, framing: int) -> None:
        # With a Length that is right in one framing or the other, or as it comes.
        lengths = (bytes((len(data),)), data[:1] + len(data[1:]).to_bytes(2), b"")
        octets = bytes((number,)) + lengths[framing] + (data[1:] if framing == 1 else data)
        try:
            extensions, _ = decode_extensions(octets, 0, registry)
        except DecodeError:
            return
        assert b"".join([extension.encode() for extension in extensions]) == octets

    law()


_packets = strategies.ipv4_packets.map(encode_ipv4)


@DECODER
@given(st.binary(max_size=100) | _packets | strategies.mutated(_packets), st.booleans())
def test_any_octets_as_ipv4(octets: bytes, verify: bool) -> None:
    try:
        packet = decode_ipv4(octets, verify_checksum=verify)
    except DecodeError:
        return
    again = encode_ipv4(packet)
    assert again[:10] + again[12:] == octets[:10] + octets[12 : len(again)]


_datagrams = st.binary(max_size=60).map(lambda data: encode_udp(A, B, 434, 434, data))


@DECODER
@given(st.binary(max_size=100) | _datagrams | strategies.mutated(_datagrams), st.booleans())
def test_any_octets_as_udp(octets: bytes, verify: bool) -> None:
    try:
        datagram = decode_udp(octets, A, B, verify_checksum=verify)
    except DecodeError:
        return
    assert octets[8:].startswith(datagram.payload)


_tunnelled = _packets.map(lambda inner: encapsulate(inner, A.packed, B.packed, identification=7))


@DECODER
@given(st.binary(max_size=100) | _packets | _tunnelled | strategies.mutated(_tunnelled))
def test_any_octets_as_ip_in_ip(octets: bytes) -> None:
    try:
        source, destination, inner = decapsulate(octets)
    except DecodeError:
        return
    assert octets[12:20] == source + destination
    assert octets.endswith(inner)


@DECODER
@given(st.binary(max_size=30))
def test_any_octets_as_host_configuration(value: bytes) -> None:
    extension = NormalVendorExtension(vendor=CISCO, vendor_type=HOST_CONFIGURATION, value=value)
    try:
        item = HostConfiguration.decode(extension)
    except DecodeError:
        return
    assert item is not None
    assert item.encode() == extension
