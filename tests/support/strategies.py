"""hypothesis strategies for every value that wire decodes, reserved bits included."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

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
from mobileip.wire.extensions.link_layer import FIXED_LENGTHS, AdvertisedLinkLayerAddress, LinkLayerAddress
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.multipath import FlowBinding, MultipathBinding
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.extensions.registry import CONTROL
from mobileip.wire.extensions.registry import DISCOVERY as DISCOVERY_REGISTRY
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.service_selection import ServiceSelection
from mobileip.wire.extensions.skip import TraversalExtension
from mobileip.wire.extensions.trusted import TrustedNetworksConfigured
from mobileip.wire.ip.ipv4 import Ipv4Packet
from mobileip.wire.message import Message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment
from mobileip.wire.tunnel_data import TunnelData


def bits(width: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << width) - 1)


u8, u16, u32, u64 = bits(8), bits(16), bits(32), bits(64)
flag = st.booleans()
addresses = u32.map(IPv4Address)
ipv6_addresses = bits(128).map(IPv6Address)
octets = st.binary(max_size=40)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
authenticators = st.binary(max_size=40) | st.binary(min_size=251, max_size=251)
long_authenticators = st.binary(min_size=16, max_size=40) | st.binary(min_size=300, max_size=300)


def _link_layer(kind: type[LinkLayerAddress | AdvertisedLinkLayerAddress]) -> st.SearchStrategy[Extension]:
    def of(subtype: int) -> st.SearchStrategy[Extension]:
        length = FIXED_LENGTHS.get(subtype)
        address = octets if length is None else st.binary(min_size=length, max_size=length)
        return st.builds(kind, st.just(subtype), address)

    return (st.integers(0, 8) | u8).flatmap(of)


def _unknown(known: set[int]) -> st.SearchStrategy[Extension]:
    return st.builds(UnknownExtension, st.sampled_from(sorted(set(range(128, 256)) - known)), octets)


_padding_of_option = st.integers(0, 2).flatmap(lambda n: st.binary(min_size=8 * n + 5, max_size=8 * n + 5))

EXTENSIONS: dict[str, st.SearchStrategy[Extension]] = {
    "padding": st.just(Padding()),
    "mobile_home": st.builds(auth.MobileHomeAuthentication, u32, authenticators),
    "mobile_foreign": st.builds(auth.MobileForeignAuthentication, u32, authenticators),
    "foreign_home": st.builds(auth.ForeignHomeAuthentication, u32, authenticators),
    "mobile_aaa": st.builds(auth.MobileAaaAuthentication, u32, long_authenticators),
    "foreign_foreign": st.builds(auth.ForeignForeignAuthentication, u32, long_authenticators),
    "mobile_gateway": st.builds(auth.MobileGatewayAuthentication, u32, long_authenticators),
    "mobile_previous": st.builds(auth.MobilePreviousRouterAuthentication, u32, long_authenticators),
    "old_critical_vendor": st.builds(
        vendor.OldCriticalVendorExtension, vendor=u32, vendor_type=u16, value=octets, reserved=u8
    ),
    "critical_vendor": st.builds(
        vendor.CriticalVendorExtension, vendor=u32, vendor_type=u16, value=octets, reserved=u8
    ),
    "mobile_foreign_key_request": st.builds(key_generation.MobileForeignKeyRequest, u32, u8, octets),
    "mobile_foreign_key_reply": st.builds(
        key_generation.MobileForeignKeyReply,
        lifetime=u32,
        aaa_spi=u32,
        foreign_agent_spi=u32,
        algorithm=u16,
        nonce=octets,
    ),
    "mobile_home_key_request": st.builds(key_generation.MobileHomeKeyRequest, u32, u8, octets),
    "mobile_home_key_reply": st.builds(
        key_generation.MobileHomeKeyReply,
        lifetime=u32,
        aaa_spi=u32,
        home_agent_spi=u32,
        algorithm=u16,
        replay_method=u16,
        nonce=octets,
    ),
    "udp_tunnel_reply": st.builds(UdpTunnelReply, code=u8, forced=flag, keepalive_interval=u16, reserved=bits(15)),
    "foreign_agent_error": st.builds(ForeignAgentError, u8),
    "gateway_address": st.builds(regional.GatewayForeignAgentAddress, addresses, u16),
    "pmip_method": st.builds(pmip.PmipAuthenticationMethod, u8),
    "gre_key": st.builds(GreKey, u32),
    "experimental_127": st.builds(experimental.ExperimentalNonSkippable, u8, octets),
    "traversal": st.builds(TraversalExtension, addresses, addresses, u16),
    "delivery_style": st.just(EncapsulatingDeliveryStyle()),
    "nai": st.builds(MobileNodeNai, texts),
    "challenge": st.builds(MobileForeignChallenge, octets),
    "old_normal_vendor": st.builds(
        vendor.OldNormalVendorExtension, vendor=u32, vendor_type=u16, value=octets, reserved=u16
    ),
    "normal_vendor": st.builds(vendor.NormalVendorExtension, vendor=u32, vendor_type=u16, value=octets, reserved=u16),
    "nai_carrying": st.builds(NaiCarrying, u8, texts),
    "revocation_support": st.builds(RevocationSupport, u32, flag, bits(15), octets),
    "link_layer": _link_layer(LinkLayerAddress),
    "dynamic_home_agent": st.builds(DynamicHomeAgent, st.integers(1, 2), addresses, flag),
    "hierarchical": st.builds(regional.HierarchicalForeignAgent, addresses, u16),
    "replay_style": st.builds(regional.ReplayProtectionStyle, u16, u64, flag),
    "regional_lifetime": st.builds(regional.RegionalRegistrationLifetime, u32, u16),
    "udp_tunnel_request": st.builds(
        UdpTunnelRequest,
        force=flag,
        through_foreign_agent=flag,
        encapsulation=u8,
        reserved_1=u8,
        reserved_2=bits(6),
    ),
    "message_string": st.builds(MessageString, u8, st.binary(min_size=1, max_size=40)),
    "pmip_interface": st.builds(pmip.PmipInterfaceId, octets),
    "pmip_device": st.builds(pmip.PmipDeviceId, u8, octets),
    "pmip_subscriber": st.builds(pmip.PmipSubscriberId, u8, octets),
    "pmip_technology": st.builds(pmip.PmipAccessTechnology, u8),
    "mobile_network_request": st.builds(mobile_network.MobileNetworkRequest, addresses, u8),
    "explicit_acknowledgment": st.builds(
        mobile_network.ExplicitMobileNetworkAcknowledgment, code=u8, prefix=addresses, prefix_length=u8, reserved=u8
    ),
    "implicit_acknowledgment": st.builds(
        mobile_network.ImplicitMobileNetworkAcknowledgment, code=u8, prefix=addresses, prefix_length=u8, reserved=u8
    ),
    "trusted": st.builds(TrustedNetworksConfigured, u8),
    "service_selection": st.builds(ServiceSelection, texts),
    "ipv6_prefix_request": st.builds(dsmip.Ipv6PrefixRequest, ipv6_addresses, u8),
    "ipv6_prefix_reply": st.builds(
        dsmip.Ipv6PrefixReply, code=u8, prefix=ipv6_addresses, prefix_length=u8, reserved=u8
    ),
    "ipv6_tunneling": st.builds(dsmip.Ipv6TunnelingMode, u8),
    "multipath": st.builds(
        MultipathBinding,
        access_technology=u8,
        interface_label=u8,
        binding_id=u8,
        bulk_registration=flag,
        overwrite=flag,
        reserved=bits(6),
    ),
    "flow_binding": st.builds(
        FlowBinding,
        action=u8,
        binding_ids=st.lists(u8, max_size=9).map(tuple),
        selector_format=u8,
        selector=octets,
    ),
    "experimental_255": st.builds(experimental.ExperimentalSkippable, u8, octets),
    "unknown": _unknown(set(CONTROL)),
}
"""Control messages."""

_mobility_flags = (
    "registration_required",
    "busy",
    "home_agent",
    "foreign_agent",
    "minimal_encapsulation",
    "gre_encapsulation",
    "reserved_r",
    "reverse_tunneling",
    "udp_tunneling",
    "registration_revocation",
    "regional_registration",
)

ADVERTISED: dict[str, st.SearchStrategy[Extension]] = {
    "padding": st.just(Padding()),
    "mobility_agent": st.builds(
        MobilityAgentAdvertisementExtension,
        sequence_number=u16,
        registration_lifetime=u16,
        reserved=bits(5),
        care_of_addresses=st.lists(addresses, max_size=4).map(tuple),
        **dict.fromkeys(_mobility_flags, flag),
    ),
    "prefix_lengths": st.builds(PrefixLengthsExtension, octets.map(tuple)),
    "link_layer_option": st.builds(fmip.LinkLayerAddressOption, u8, _padding_of_option),
    "new_address_option": st.builds(fmip.NewIpv4AddressOption, u8, addresses, u8),
    "new_prefix_option": st.builds(fmip.NewRouterPrefixOption, u8, u8, u32),
    "challenge": st.builds(AdvertisedChallenge, octets),
    "experimental_127": st.builds(experimental.AdvertisedExperimentalNonSkippable, octets),
    "nai_carrying": st.builds(NaiCarrying, u8, texts),
    "link_layer": _link_layer(AdvertisedLinkLayerAddress),
    "experimental_255": st.builds(experimental.AdvertisedExperimentalSkippable, octets),
    "unknown": _unknown(set(DISCOVERY_REGISTRY)),
}
"""Router discovery."""

control_extensions = st.lists(st.one_of(*EXTENSIONS.values()), max_size=5).map(tuple)
advertised_extensions = st.lists(st.one_of(*ADVERTISED.values()), max_size=4).map(tuple)

requests = st.builds(
    RegistrationRequest,
    simultaneous_bindings=flag,
    broadcast_datagrams=flag,
    decapsulation_by_mobile_node=flag,
    minimal_encapsulation=flag,
    gre_encapsulation=flag,
    reserved_r=flag,
    reverse_tunneling=flag,
    reserved_x=flag,
    lifetime=u16,
    home_address=addresses,
    home_agent=addresses,
    care_of_address=addresses,
    identification=u64,
    extensions=control_extensions,
)
replies = st.builds(
    RegistrationReply,
    code=u8,
    lifetime=u16,
    home_address=addresses,
    home_agent=addresses,
    identification=u64,
    extensions=control_extensions,
)
revocations = st.builds(
    RegistrationRevocation,
    from_home_agent=flag,
    inform=flag,
    home_address=addresses,
    home_domain_address=addresses,
    foreign_domain_address=addresses,
    revocation_identifier=u32,
    extensions=control_extensions,
    reserved_1=u8,
    reserved_2=bits(14),
)
acknowledgments = st.builds(
    RevocationAcknowledgment,
    inform=flag,
    home_address=addresses,
    revocation_identifier=u32,
    extensions=control_extensions,
    reserved_1=u8,
    reserved_2=bits(15),
)
tunnel_data = st.builds(TunnelData, u8, octets, u16)

MESSAGES: dict[str, st.SearchStrategy[Message]] = {
    "request": requests,
    "reply": replies,
    "revocation": revocations,
    "acknowledgment": acknowledgments,
    "tunnel_data": tunnel_data,
}

solicitations = st.builds(AgentSolicitation, advertised_extensions, u8, u32)


def _advertisements(entry_size: int) -> st.SearchStrategy[AgentAdvertisement]:
    more = st.binary(min_size=(entry_size - 2) * 4, max_size=(entry_size - 2) * 4)
    routers = st.builds(RouterAddress, addresses, st.integers(-(1 << 31), (1 << 31) - 1), more)
    return st.builds(
        AgentAdvertisement,
        code=u8,
        lifetime=u16,
        routers=st.lists(routers, max_size=3).map(tuple),
        extensions=advertised_extensions,
        address_entry_size=st.just(entry_size),
    )


advertisements = st.integers(2, 4).flatmap(_advertisements)

ipv4_packets = st.builds(
    Ipv4Packet,
    source=addresses,
    destination=addresses,
    protocol=u8,
    payload=st.binary(max_size=100),
    ttl=u8,
    tos=u8,
    identification=u16,
    fragment=u16,
    options=st.integers(0, 10).flatmap(lambda words: st.binary(min_size=words * 4, max_size=words * 4)),
)


@st.composite
def mutated(draw: st.DrawFn, valid: st.SearchStrategy[bytes]) -> bytes:
    """Valid octets with a few of them changed, cut off, or put in: what a decoder half accepts."""
    result = bytearray(draw(valid))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(result)))
        match draw(st.integers(0, 3)):
            case 0:
                del result[place:]
            case 1:
                result[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case 2:
                result[place:place] = draw(st.binary(max_size=4))
            case _:
                del result[place : place + 1]
    return bytes(result)
