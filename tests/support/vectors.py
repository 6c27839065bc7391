"""Octets written by hand from the figures of the RFCs, each beside the value that they stand for.

`EXTENSIONS` and `ADVERTISED` hold every extension of the two number spaces at least once, `MESSAGES` and `DISCOVERY`
every message. The first part are computed vectors of authenticators, all with one key.
"""

from ipaddress import IPv4Address, IPv6Address

from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation, RouterAddress
from mobileip.wire.extensions import authentication as auth
from mobileip.wire.extensions import dsmip, experimental, fmip, key_generation, mobile_network, pmip, regional, vendor
from mobileip.wire.extensions.agent_advertisement import (
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
)
from mobileip.wire.extensions.base import Extension, Padding, UnknownExtension
from mobileip.wire.extensions.challenge import AdvertisedChallenge, MobileForeignChallenge
from mobileip.wire.extensions.dynamic_home_agent import DynamicHomeAgent
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.link_layer import AdvertisedLinkLayerAddress, LinkLayerAddress
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.multipath import FlowBinding, MultipathBinding
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.service_selection import ServiceSelection
from mobileip.wire.extensions.skip import TraversalExtension
from mobileip.wire.extensions.trusted import TrustedNetworksConfigured
from mobileip.wire.message import Message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment
from mobileip.wire.tunnel_data import TunnelData

KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
SPI = 0x100
REQUEST_FIXED = bytes.fromhex("010207080a0100050a010001c0000201e000000012345678")
"""T, lifetime 1800, home address 10.1.0.5, home agent 10.1.0.1, care-of address 192.0.2.1."""
NAI = bytes.fromhex("830b6d6e40686f6d652e6e6574")
"""mn@home.net"""
MOBILE_HOME_HMAC_MD5 = bytes.fromhex("2014000001002e8c231f30f671afadfe0d4bc47c3ff1")
MOBILE_HOME_KEYED_MD5 = bytes.fromhex("20140000010063294ec510f4cee9d65dab7d5b53221c")
MOBILE_HOME_KEYED_MD5_RFC2002 = bytes.fromhex("201400000100fe43ed463bdbf3bc3bb54a664036518a")
CHALLENGE = bytes.fromhex("84080102030405060708")
MOBILE_AAA_CHAP = bytes.fromhex("24010014000000021102729b1a783999ca71a43fe1ff78cc")
MOBILE_AAA_HMAC_MD5 = bytes.fromhex("2401001400000200990072c35b8ba23a3af48fc5c60cbe7e")

REQUEST = RegistrationRequest(
    reverse_tunneling=True,
    lifetime=1800,
    home_address=IPv4Address("10.1.0.5"),
    home_agent=IPv4Address("10.1.0.1"),
    care_of_address=IPv4Address("192.0.2.1"),
    identification=0xE000000012345678,
)
"""What REQUEST_FIXED stands for."""

_A = IPv4Address("192.0.2.1")
_B = IPv4Address("198.51.100.7")
_V6 = IPv6Address("2001:db8:1::")
_MAC = bytes.fromhex("02005e100001")
_AUTHENTICATOR = bytes(range(16))

EXTENSIONS: list[tuple[Extension, str]] = [
    (Padding(), "00"),
    (auth.MobileHomeAuthentication(SPI, _AUTHENTICATOR), "20 14 00000100" + _AUTHENTICATOR.hex()),
    (auth.MobileForeignAuthentication(0xFFFFFFFF, b""), "21 04 ffffffff"),
    (auth.ForeignHomeAuthentication(257, bytes(251)), "22 ff 00000101" + "00" * 251),
    (auth.MobileAaaAuthentication(2, _AUTHENTICATOR), "24 01 0014 00000002" + _AUTHENTICATOR.hex()),
    (auth.ForeignForeignAuthentication(256, _AUTHENTICATOR), "24 02 0014 00000100" + _AUTHENTICATOR.hex()),
    (auth.MobileGatewayAuthentication(256, bytes(300)), "24 03 0130 00000100" + "00" * 300),
    (auth.MobilePreviousRouterAuthentication(256, bytes(20)), "24 04 0018 00000100" + "00" * 20),
    (
        vendor.OldCriticalVendorExtension(vendor=9, vendor_type=1, value=b"old"),
        "25 00 0009 00000009 0001" + b"old".hex(),
    ),
    (
        vendor.CriticalVendorExtension(vendor=5535, vendor_type=0x1234, value=b"\xff", reserved=7),
        "26 07 0007 0000159f 1234 ff",
    ),
    (key_generation.MobileForeignKeyRequest(0x300), "28 01 0004 00000300"),
    (
        key_generation.MobileForeignKeyReply(
            lifetime=3600, aaa_spi=0x201, foreign_agent_spi=0x202, algorithm=2, nonce=_AUTHENTICATOR
        ),
        "29 01 001e 00000e10 00000201 00000202 0002" + _AUTHENTICATOR.hex(),
    ),
    (key_generation.MobileHomeKeyRequest(0x300, 9, b"data"), "2a 09 0008 00000300" + b"data".hex()),
    (
        key_generation.MobileHomeKeyReply(
            lifetime=3600, aaa_spi=0x201, home_agent_spi=0x203, algorithm=2, replay_method=2, nonce=_AUTHENTICATOR
        ),
        "2b 01 0020 00000e10 00000201 00000203 0002 0002" + _AUTHENTICATOR.hex(),
    ),
    (UdpTunnelReply(code=64, forced=True, keepalive_interval=110, reserved=5), "2c 06 00 40 8005 006e"),
    (ForeignAgentError(78), "2d 02 00 4e"),
    (regional.GatewayForeignAgentAddress(_A), "2e 06 0000 c0000201"),
    (pmip.PmipAuthenticationMethod(1), "2f 01 0001 01"),
    (GreKey(0xDEADBEEF), "30 00 0004 deadbeef"),
    (experimental.ExperimentalNonSkippable(3, bytes(260)), "7f 03 0104" + "00" * 260),
    (TraversalExtension(_A, _B), "81 0a 0000 c0000201 c6336407"),
    (EncapsulatingDeliveryStyle(), "82 00"),
    (MobileNodeNai("mn@home.net"), "83 0b" + b"mn@home.net".hex()),
    (MobileForeignChallenge(bytes(range(1, 9))), "84 08 0102030405060708"),
    (
        vendor.OldNormalVendorExtension(vendor=9, vendor_type=2, value=b"old", reserved=1),
        "85 0b 0001 00000009 0002" + b"old".hex(),
    ),
    (vendor.NormalVendorExtension(vendor=9, vendor_type=14, value=b"\0\1\0\x18"), "86 0c 0000 00000009 000e 00010018"),
    (NaiCarrying(1, "ha@net"), "88 07 01" + b"ha@net".hex()),
    (RevocationSupport(0x01020304, inform=True, reserved=3), "89 06 8003 01020304"),
    (RevocationSupport(0x01020304, more=b"\x05"), "89 07 0000 01020304 05"),
    (LinkLayerAddress(1, b"001010123456789:3"), "8a 12 01" + b"001010123456789:3".hex()),
    (LinkLayerAddress(3, _MAC), "8a 07 03 02005e100001"),
    (LinkLayerAddress(4, b"\x02" + bytes(7)), "8a 09 04 0200000000000000"),
    (LinkLayerAddress(7, _A.packed), "8a 05 07 c0000201"),
    (LinkLayerAddress(200, b""), "8a 01 c8"),
    (DynamicHomeAgent(1, _A), "8b 01 0004 c0000201"),
    (DynamicHomeAgent(2, _A, short_form=True), "8b 05 02 c0000201"),
    (regional.HierarchicalForeignAgent(_A, 0xFFFF), "8c 06 ffff c0000201"),
    (regional.ReplayProtectionStyle(1, 0x0102030405060708), "8d 0a 0001 0102030405060708"),
    (
        regional.ReplayProtectionStyle(0, 0x2004030405060708, length_as_in_text=True),
        "8d 02 0000 2004030405060708",
    ),
    (regional.RegionalRegistrationLifetime(600), "8e 06 0000 00000258"),
    (UdpTunnelRequest(), "90 06 00 00 00 00 0000"),
    (
        UdpTunnelRequest(force=True, through_foreign_agent=True, encapsulation=47, reserved_1=9, reserved_2=33),
        "90 06 00 09 e1 2f 0000",
    ),
    (MessageString.of(1, "réponse"), "91 09 01" + "réponse".encode().hex()),
    (MessageString(2, b"\xff"), "91 02 02 ff"),
    (pmip.PmipInterfaceId(_MAC), "93 07 01 02005e100001"),
    (pmip.PmipDeviceId(1, _MAC), "93 08 02 01 02005e100001"),
    (pmip.PmipSubscriberId(1, b"\x12\x34"), "93 04 03 01 1234"),
    (pmip.PmipAccessTechnology(5), "93 02 04 05"),
    (mobile_network.MobileNetworkRequest(IPv4Address("10.9.0.0"), 24), "94 06 00 18 0a090000"),
    (
        mobile_network.ExplicitMobileNetworkAcknowledgment(
            code=1, prefix=IPv4Address("10.9.0.0"), prefix_length=33, reserved=4
        ),
        "94 08 01 01 21 04 0a090000",
    ),
    (
        mobile_network.ImplicitMobileNetworkAcknowledgment(code=0, prefix=IPv4Address("10.9.0.0"), prefix_length=24),
        "94 08 02 00 18 00 0a090000",
    ),
    (TrustedNetworksConfigured(), "95 02 00 00"),
    (ServiceSelection("ims"), "97 03 696d73"),
    (dsmip.Ipv6PrefixRequest(_V6, 48), "98 12 01 30 20010db8000100000000000000000000"),
    (
        dsmip.Ipv6PrefixReply(code=1, prefix=_V6, prefix_length=48),
        "98 14 02 01 30 00 20010db8000100000000000000000000",
    ),
    (dsmip.Ipv6TunnelingMode(8), "98 02 03 08"),
    (
        MultipathBinding(
            access_technology=4, interface_label=1, binding_id=2, bulk_registration=True, overwrite=True, reserved=1
        ),
        "9a 01 0004 04 01 02 c1",
    ),
    (
        FlowBinding(action=1, binding_ids=(2, 3), selector_format=1, selector=b"\xaa\xbb"),
        "9a 02 0007 01 02 0203 01 aabb",
    ),
    (experimental.ExperimentalSkippable(3, b"abc"), "ff 04 03 616263"),
    (UnknownExtension(250, b"whatever"), "fa 08" + b"whatever".hex()),
    (UnknownExtension(147, b"\x09later"), "93 06 09" + b"later".hex()),
    (UnknownExtension(144, b"\0\0\0\0\0\1"), "90 06 00 00 00 00 0001"),
]
"""Control messages."""

ADVERTISED: list[tuple[Extension, str]] = [
    (Padding(), "00"),
    (
        MobilityAgentAdvertisementExtension(
            sequence_number=0xFFFF,
            registration_lifetime=1800,
            registration_required=True,
            home_agent=True,
            minimal_encapsulation=True,
            reserved_r=True,
            udp_tunneling=True,
            regional_registration=True,
            reserved=0x11,
        ),
        "10 06 ffff 0708 aab1",
    ),
    (
        MobilityAgentAdvertisementExtension(
            sequence_number=1,
            registration_lifetime=0xFFFF,
            busy=True,
            foreign_agent=True,
            gre_encapsulation=True,
            reverse_tunneling=True,
            registration_revocation=True,
            care_of_addresses=(_A, _B),
        ),
        "10 0e 0001 ffff 5540 c0000201 c6336407",
    ),
    (PrefixLengthsExtension((24, 32)), "13 02 18 20"),
    (fmip.LinkLayerAddressOption(2, _MAC + bytes(7)), "14 02 02 02005e100001 00000000000000"),
    (fmip.NewIpv4AddressOption(3, _A), "15 01 03 00 c0000201"),
    (fmip.NewRouterPrefixOption(0, 24, 5), "16 01 00 18 00000005"),
    (AdvertisedChallenge(bytes(range(1, 9))), "18 08 0102030405060708"),
    (experimental.AdvertisedExperimentalNonSkippable(b"abc"), "7f 03 616263"),
    (NaiCarrying(3, "fa@net"), "88 07 03" + b"fa@net".hex()),
    (AdvertisedLinkLayerAddress(5, _A.packed), "8c 05 05 c0000201"),
    (experimental.AdvertisedExperimentalSkippable(b""), "ff 00"),
    (UnknownExtension(250, b"whatever"), "fa 08" + b"whatever".hex()),
]
"""Router discovery."""

MESSAGES: list[tuple[Message, str]] = [
    (REQUEST, REQUEST_FIXED.hex()),
    (
        RegistrationRequest(
            simultaneous_bindings=True,
            decapsulation_by_mobile_node=True,
            gre_encapsulation=True,
            reserved_x=True,
            lifetime=0xFFFF,
            home_address=_A,
            home_agent=_B,
            care_of_address=_A,
            identification=1,
            extensions=(MobileNodeNai("a"),),
        ),
        "01 a9 ffff c0000201 c6336407 c0000201 0000000000000001 83 01 61",
    ),
    (
        RegistrationRequest(
            broadcast_datagrams=True,
            minimal_encapsulation=True,
            reserved_r=True,
            lifetime=0,
            home_address=_A,
            home_agent=_B,
            care_of_address=_A,
            identification=1 << 63,
        ),
        "01 54 0000 c0000201 c6336407 c0000201 8000000000000000",
    ),
    (
        RegistrationReply(
            code=255,
            lifetime=300,
            home_address=_A,
            home_agent=_B,
            identification=0x0102030405060708,
            extensions=(Padding(), ForeignAgentError(109), Padding()),
        ),
        "03 ff 012c c0000201 c6336407 0102030405060708 00 2d 02 00 6d 00",
    ),
    (TunnelData(4, b"\x45packet"), "04 04 0000 45" + b"packet".hex()),
    (TunnelData(55, b"", 0xABCD), "04 37 abcd"),
    (
        RegistrationRevocation(
            from_home_agent=True,
            home_address=IPv4Address("10.1.0.5"),
            home_domain_address=_A,
            foreign_domain_address=_B,
            revocation_identifier=0xCAFE,
            extensions=(auth.ForeignHomeAuthentication(256, _AUTHENTICATOR),),
        ),
        "07 00 8000 0a010005 c0000201 c6336407 0000cafe 22 14 00000100" + _AUTHENTICATOR.hex(),
    ),
    (
        RegistrationRevocation(
            inform=True,
            home_address=IPv4Address("10.1.0.5"),
            home_domain_address=_A,
            foreign_domain_address=_B,
            revocation_identifier=1,
            reserved_1=2,
            reserved_2=0x2001,
        ),
        "07 02 6001 0a010005 c0000201 c6336407 00000001",
    ),
    (
        RevocationAcknowledgment(
            inform=True,
            home_address=IPv4Address("10.1.0.5"),
            revocation_identifier=0xCAFE,
            extensions=(auth.ForeignHomeAuthentication(256, _AUTHENTICATOR),),
            reserved_1=1,
            reserved_2=0x4001,
        ),
        "0f 01 c001 0a010005 0000cafe 22 14 00000100" + _AUTHENTICATOR.hex(),
    ),
]

DISCOVERY: list[tuple[AgentSolicitation | AgentAdvertisement, str]] = [
    (AgentSolicitation(), "0a 00 f5ff 00000000"),
    (AgentSolicitation((Padding(),), code=1, reserved=2), "0a 01 f5fc 00000002 00"),
    (AgentAdvertisement(lifetime=1800), "09 00 eff5 00 02 0708"),
    (AgentAdvertisement(lifetime=0, code=16, address_entry_size=0), "09 10 f6ef 00 00 0000"),
    (
        AgentAdvertisement(
            lifetime=9,
            routers=(RouterAddress(_A, -2147483648), RouterAddress(_B, 7)),
            extensions=(PrefixLengthsExtension((24, 32)),),
        ),
        "09 00 5d8e 02 02 0009 c0000201 80000000 c6336407 00000007 13 02 18 20",
    ),
    (
        AgentAdvertisement(lifetime=9, routers=(RouterAddress(_A, -1, b"more"),), address_entry_size=3),
        "09 00 541d 01 03 0009 c0000201 ffffffff 6d6f7265",
    ),
]
"""ICMP router discovery; the checksums are by hand, too."""


def octets(text: str) -> bytes:
    """The octets that a vector's hexadecimal digits stand for."""
    return bytes.fromhex(text)
