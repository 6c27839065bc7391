"""Control messages, extensions of both number spaces, router discovery."""

from collections.abc import Callable, Mapping

from tests.support import vectors
from tools.fuzz.target import Refused, Target, with_checksum

from mobileip.wire.agent_discovery import decode_icmp, encode_icmp
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.host_configuration import CISCO, HOST_CONFIGURATION, HostConfiguration
from mobileip.wire.extensions.registry import CONTROL, DISCOVERY, decode_extensions
from mobileip.wire.extensions.vendor import NormalVendorExtension
from mobileip.wire.message import decode_message, encode_message


def _message(octets: bytes) -> bytes:
    return encode_message(decode_message(octets).message)


def _extensions(registry: Mapping[int, Decoder]) -> Callable[[bytes], bytes]:
    def again(octets: bytes) -> bytes:
        return b"".join([extension.encode() for extension in decode_extensions(octets, 0, registry)[0]])

    return again


def _discovery(octets: bytes) -> bytes:
    again = encode_icmp(decode_icmp(octets))
    if again[2:4] == b"\0\0" and octets[2:4] == b"\xff\xff":
        # In one's complement there are two zeros: whoever sends the other one is right too (RFC 1071).
        return again[:2] + octets[2:4] + again[4:]
    return again


def _host_configuration(octets: bytes) -> bytes:
    item = HostConfiguration.decode(NormalVendorExtension(vendor=CISCO, vendor_type=HOST_CONFIGURATION, value=octets))
    if item is None:
        raise Refused
    return item.encode().value


TARGETS = (
    Target(name="message", again=_message, seeds=tuple(bytes.fromhex(text) for _, text in vectors.MESSAGES)),
    Target(
        name="control extensions",
        again=_extensions(CONTROL),
        seeds=tuple(bytes.fromhex(text) for _, text in vectors.EXTENSIONS),
    ),
    Target(
        name="advertised extensions",
        again=_extensions(DISCOVERY),
        seeds=tuple(bytes.fromhex(text) for _, text in vectors.ADVERTISED),
    ),
    Target(
        name="discovery",
        again=_discovery,
        seeds=tuple(bytes.fromhex(text) for _, text in vectors.DISCOVERY),
        repair=lambda octets: with_checksum(octets, 0, 2, len(octets)),
    ),
    Target(
        name="host configuration",
        again=_host_configuration,
        seeds=(b"\0\0\0\1", b"\0\2" + bytes(8), b"\0\6home.net"),
        refusals=(*Target.refusals, Refused),
    ),
)
