"""tshark reads every extension that it knows as we encode it, field by field.

It does not know extension 0 in control messages, 40-43, 48, 127 and 154, nor 20-22 in router discovery; it reads 37
with a Length of one octet, against RFC 3025 §2.1's figure, and 139 in the short form only.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support import vectors
from tests.support.tshark import Fields, dissect

from mobileip.wire.agent_discovery import AgentAdvertisement, encode_icmp
from mobileip.wire.extensions import authentication as auth
from mobileip.wire.extensions import mobile_network, pmip, vendor
from mobileip.wire.extensions.agent_advertisement import (
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
)
from mobileip.wire.extensions.base import Extension, Padding
from mobileip.wire.extensions.challenge import AdvertisedChallenge
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.fmip import FastHandoverOption
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.key_generation import (
    KeyGenerationNonceRequest,
    MobileForeignKeyReply,
    MobileHomeKeyReply,
)
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.multipath import FlowBinding, MultipathBinding
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.regional import ReplayProtectionStyle
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.service_selection import ServiceSelection
from mobileip.wire.ip.ipv4 import PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, encode_ipv4
from mobileip.wire.ip.udp import encode_udp
from mobileip.wire.message import Message, encode_message

pytestmark = pytest.mark.oracle

A, B = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.7")
LAST = ServiceSelection("end")
"""Behind each extension: it is found only if the length in front of it is what tshark takes it for."""


def _udp(message: Message) -> bytes:
    payload = encode_udp(A, B, 434, 434, encode_message(message))
    return encode_ipv4(Ipv4Packet(source=A, destination=B, protocol=PROTOCOL_UDP, payload=payload))


def _icmp(payload: bytes) -> bytes:
    return encode_ipv4(Ipv4Packet(source=A, destination=B, protocol=PROTOCOL_ICMP, payload=payload))


def _colons(octets: bytes) -> str:
    return octets.hex(":")


def _flags(**names: bool) -> dict[str, str]:
    return {name.replace("__", "."): str(int(value)) for name, value in names.items()}


def _authentication(e: auth.AuthenticationExtension) -> dict[str, str]:
    fields = {"mip.auth.spi": f"0x{e.spi:08x}", "mip.auth.auth": _colons(e.authenticator)}
    if isinstance(e, auth.GeneralizedAuthentication):
        fields["mip.ext.auth.subtype"] = str(e.SUBTYPE)
    return fields


def _critical_vendor(e: vendor.CriticalVendorExtension) -> dict[str, str]:
    return {
        "mip.ext.cvse.reserved": f"0x{e.reserved:02x}",
        "mip.ext.cvse.vendor_id": str(e.vendor),
        "mip.ext.cvse.3gpp2_type": str(e.vendor_type),
    }


def _normal_vendor(e: vendor.NormalVendorExtension) -> dict[str, str]:
    return {
        "mip.ext.nvse.reserved": f"0x{e.reserved:04x}",
        "mip.ext.nvse.vendor_id": str(e.vendor),
        "mip.ext.nvse.vendor_type": str(e.vendor_type),
        "mip.ext.nvse.vendor_value": _colons(e.value),
    }


def _udp_tunnel_reply(e: UdpTunnelReply) -> dict[str, str]:
    return {
        "mip.ext.utrp.subtype": "0",
        "mip.ext.utrp.code": str(e.code),
        "mip.ext.utrp.f": str(int(e.forced)),
        "mip.ext.utrp.reserved": f"0x{e.reserved:04x}",
        "mip.ext.utrp.keepalive": str(e.keepalive_interval),
    }


def _udp_tunnel_request(e: UdpTunnelRequest) -> dict[str, str]:
    return {
        "mip.ext.utrq.subtype": "0",
        "mip.ext.utrq.reserved1": f"0x{e.reserved_1:02x}",
        "mip.ext.utrq.f": str(int(e.force)),
        "mip.ext.utrq.r": str(int(e.through_foreign_agent)),
        "mip.ext.utrq.reserved2": f"0x{e.reserved_2:02x}",
        "mip.ext.utrq.encaptype": str(e.encapsulation),
        "mip.ext.utrq.reserved3": "0x0000",
    }


def _revocation_support(e: RevocationSupport) -> dict[str, str]:
    return {
        "mip.ext.rev.i": str(int(e.inform)),
        "mip.ext.rev.reserved": f"0x{e.reserved:04x}",
        "mip.ext.rev.tstamp": str(e.timestamp),
    }


def _mobile_network(e: mobile_network.MobileNetworkAcknowledgment) -> dict[str, str]:
    return {
        "mip.ext.mne.subtype": str(e.SUBTYPE),
        "mip.ext.mne.code": str(e.code),
        "mip.ext.mne.prefix_length": str(e.prefix_length),
        "mip.ext.mne.reserved": f"0x{e.reserved:02x}",
        "mip.ext.mne.prefix": str(e.prefix),
    }


KNOWN: dict[type[Extension], Callable[[Any], dict[str, str]]] = {
    auth.AuthenticationExtension: _authentication,
    vendor.CriticalVendorExtension: _critical_vendor,
    vendor.NormalVendorExtension: _normal_vendor,
    UdpTunnelReply: _udp_tunnel_reply,
    UdpTunnelRequest: _udp_tunnel_request,
    RevocationSupport: _revocation_support,
    MobileNodeNai: lambda e: {"mip.nai": e.nai},
    DynamicHomeAgent: lambda e: {
        "mip.ext.dynha.subtype": str(e.subtype),
        "mip.ext.dynha.ha": str(e.home_agent),
    },
    MessageString: lambda e: {"mip.ext.msgstr.subtype": str(e.subtype)},
    pmip.PmipAuthenticationMethod: lambda e: {
        "mip.ext.pmipv4nonskipext.subtype": "1",
        "mip.ext.pmipv4nonskipext.pernodeauthmethod": str(e.method),
    },
    pmip.PmipInterfaceId: lambda e: {
        "mip.ext.pmipv4skipext.subtype": "1",
        "mip.ext.pmipv4skipext.interfaceid": _colons(e.identifier),
    },
    pmip.PmipDeviceId: lambda e: {
        "mip.ext.pmipv4skipext.subtype": "2",
        "mip.ext.pmipv4skipext.deviceid_type": str(e.id_type),
        "mip.ext.pmipv4skipext.deviceid_id": _colons(e.identifier),
    },
    pmip.PmipSubscriberId: lambda e: {
        "mip.ext.pmipv4skipext.subtype": "3",
        "mip.ext.pmipv4skipext.subscriberid_type": str(e.id_type),
        "mip.ext.pmipv4skipext.subscriberid_id": _colons(e.identifier),
    },
    pmip.PmipAccessTechnology: lambda e: {
        "mip.ext.pmipv4skipext.subtype": "4",
        "mip.ext.pmipv4skipext.accesstechnology_type": str(e.technology),
    },
    mobile_network.MobileNetworkRequest: lambda e: {
        "mip.ext.mne.subtype": "0",
        "mip.ext.mne.prefix_length": str(e.prefix_length),
        "mip.ext.mne.prefix": str(e.prefix),
    },
    mobile_network.MobileNetworkAcknowledgment: _mobile_network,
}
"""Extensions into which tshark looks; of the others it shows the data whole."""

UNKNOWN_TO_TSHARK = (
    Padding,
    KeyGenerationNonceRequest,
    MobileForeignKeyReply,
    MobileHomeKeyReply,
    GreKey,
    MultipathBinding,
    FlowBinding,
    vendor.OldCriticalVendorExtension,
)


def _is_known(extension: Extension, octets: str) -> bool:
    if isinstance(extension, DynamicHomeAgent):
        return extension.short_form
    if isinstance(extension, ReplayProtectionStyle):
        return not extension.length_as_in_text
    return not isinstance(extension, UNKNOWN_TO_TSHARK) and not octets.startswith("7f")


CONTROL = [extension for extension, octets in vectors.EXTENSIONS if _is_known(extension, octets)]


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> list[Fields]:
    packets = [_udp(msgspec.structs.replace(vectors.REQUEST, extensions=(e, LAST))) for e in CONTROL]
    return dissect(tmp_path_factory.mktemp("tshark") / "extensions.pcap", packets, "mip", "udp")


@pytest.mark.parametrize("number", range(len(CONTROL)), ids=[type(e).__name__ for e in CONTROL])
def test_control_extension(control: list[Fields], number: int) -> None:
    extension, fields = CONTROL[number], control[number]
    octets = extension.encode()
    assert "malformed" not in fields
    assert fields["udp.checksum.status"] == ["1"]
    assert fields["mip.ext.type"] == [str(octets[0]), "151"]
    is_long = octets[0] in (36, 38, 47)
    length = int.from_bytes(octets[2:4]) if is_long else octets[1]
    assert fields["mip.ext.len"] == [str(length), "3"]
    expected = next((KNOWN[kind] for kind in KNOWN if isinstance(extension, kind)), None)
    if expected:
        for name, value in expected(extension).items():
            assert (name, fields[name]) == (name, [value])
    elif octets[0] not in (144, 147):  # of these, unknown subtypes are looked into
        assert fields["mip.extension"] == [_colons(octets[2:]), _colons(b"end")]


def test_long_critical_vendor_type_of_other_vendor(tmp_path: Path) -> None:
    extension = vendor.CriticalVendorExtension(vendor=9, vendor_type=4, value=b"value")
    packet = _udp(msgspec.structs.replace(vectors.REQUEST, extensions=(extension, LAST)))
    (fields,) = dissect(tmp_path / "x.pcap", [packet], "mip")
    assert fields["mip.ext.cvse.vendor_id"] == ["9"]
    assert fields["mip.ext.cvse.vendor_type"] == ["0x0004"]
    assert fields["mip.ext.cvse.vendor_value"] == [_colons(b"value")]
    assert fields["mip.ext.type"] == ["38", "151"]


def _mobility(e: MobilityAgentAdvertisementExtension) -> dict[str, list[str]]:
    flags = _flags(
        icmp__mip__r=e.registration_required,
        icmp__mip__b=e.busy,
        icmp__mip__h=e.home_agent,
        icmp__mip__f=e.foreign_agent,
        icmp__mip__m=e.minimal_encapsulation,
        icmp__mip__g=e.gre_encapsulation,
        icmp__mip__v=e.reserved_r,
        icmp__mip__rt=e.reverse_tunneling,
        icmp__mip__u=e.udp_tunneling,
        icmp__mip__x=e.registration_revocation,
    )
    # It takes the I bit for a reserved one.
    reserved = e.regional_registration << 5 | e.reserved
    return {
        "icmp.mip.seq": [str(e.sequence_number)],
        "icmp.mip.life": [str(e.registration_lifetime)],
        "icmp.mip.reserved": [f"0x{reserved:04x}"],
        "icmp.mip.coa": [str(address) for address in e.care_of_addresses],
    } | {name: [value] for name, value in flags.items()}


ADVERTISED = [e for e, _ in vectors.ADVERTISED if not isinstance(e, FastHandoverOption)]


def test_advertised_extensions(tmp_path: Path) -> None:
    last = PrefixLengthsExtension((99,))
    packets = [_icmp(encode_icmp(AgentAdvertisement(lifetime=9, extensions=(e, last)))) for e in ADVERTISED]
    for extension, fields in zip(ADVERTISED, dissect(tmp_path / "x.pcap", packets, "icmp"), strict=True):
        octets = extension.encode()
        assert "malformed" not in fields
        assert fields["icmp.checksum.status"] == ["1"]
        assert fields["icmp.mip.type"] == [str(octets[0]), "19"]
        assert fields["icmp.mip.prefixlength"][-1] == "99"
        if not isinstance(extension, Padding):
            assert fields["icmp.mip.length"] == [str(octets[1]), "1"]
        match extension:
            case MobilityAgentAdvertisementExtension():
                for name, values in _mobility(extension).items():
                    assert (name, fields.get(name, [])) == (name, values)
            case PrefixLengthsExtension():
                assert fields["icmp.mip.prefixlength"][:-1] == [str(n) for n in extension.prefix_lengths]
            case AdvertisedChallenge():
                assert fields["icmp.mip.challenge"] == [_colons(extension.challenge)]
            case _:
                pass
