"""Type number -> decoder, one registry for each number space (RFC 5944 §1.8), and the rule for unknown types."""

from collections.abc import Mapping
from functools import partial

from mobileip.wire.errors import DecodeError, DecodeReason
from mobileip.wire.extensions import authentication as auth
from mobileip.wire.extensions import key_generation as keys
from mobileip.wire.extensions import mobile_network, pmip, regional
from mobileip.wire.extensions.agent_advertisement import (
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
)
from mobileip.wire.extensions.base import Extension, UnknownExtension
from mobileip.wire.extensions.challenge import AdvertisedChallenge, MobileForeignChallenge
from mobileip.wire.extensions.dsmip import Ipv6PrefixReply, Ipv6PrefixRequest, Ipv6TunnelingMode
from mobileip.wire.extensions.dynamic_home_agent import dynamic_home_agent
from mobileip.wire.extensions.error import ForeignAgentError
from mobileip.wire.extensions.experimental import (
    AdvertisedExperimentalNonSkippable,
    AdvertisedExperimentalSkippable,
    ExperimentalNonSkippable,
    ExperimentalSkippable,
)
from mobileip.wire.extensions.fmip import (
    LinkLayerAddressOption,
    NewIpv4AddressOption,
    NewRouterPrefixOption,
    fast_handover_option,
)
from mobileip.wire.extensions.framing import SKIPPABLE_FROM, Decoder, long, padding, short, simple, window
from mobileip.wire.extensions.gre_key import GreKey
from mobileip.wire.extensions.link_layer import AdvertisedLinkLayerAddress, LinkLayerAddress
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.extensions.multipath import FlowBinding, MultipathBinding
from mobileip.wire.extensions.nai import MobileNodeNai, NaiCarrying
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, udp_tunnel_request
from mobileip.wire.extensions.reverse_tunnel import EncapsulatingDeliveryStyle
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.service_selection import ServiceSelection
from mobileip.wire.extensions.skip import TraversalExtension
from mobileip.wire.extensions.trusted import TrustedNetworksConfigured
from mobileip.wire.extensions.vendor import (
    CriticalVendorExtension,
    NormalVendorExtension,
    OldCriticalVendorExtension,
    OldNormalVendorExtension,
)
from mobileip.wire.numbers import AdvertisementExtensionType as Advertised
from mobileip.wire.numbers import ExtensionType as Control


def _authentication(kind: type[auth.AuthenticationExtension], octets: bytes, offset: int) -> tuple[Extension, int]:
    """32-34, in every message: without a cursor, since this is most of what a registration costs to decode."""
    start, size = offset + 2, len(octets)
    end = start + octets[offset + 1] if start <= size else start
    # R5944-1.6-a: "An authorization-enabling extension MUST contain a Security Parameter Index": 4 octets at least.
    if end > size or end < start + 4:
        length = window(octets, offset).remaining  # raises where the message ends too early
        detail = f"length {length}, at least 4 for the SPI"
        raise DecodeError(DecodeReason.BAD_LENGTH, offset + 1, detail)
    return kind(int.from_bytes(octets[start : start + 4]), octets[start + 4 : end]), end


CONTROL: Mapping[int, Decoder] = {
    Control.PADDING: padding,
    Control.MOBILE_HOME_AUTHENTICATION: partial(_authentication, auth.MobileHomeAuthentication),
    Control.MOBILE_FOREIGN_AUTHENTICATION: partial(_authentication, auth.MobileForeignAuthentication),
    Control.FOREIGN_HOME_AUTHENTICATION: partial(_authentication, auth.ForeignHomeAuthentication),
    Control.GENERALIZED_AUTHENTICATION: long(
        auth.MobileAaaAuthentication,
        auth.ForeignForeignAuthentication,
        auth.MobileGatewayAuthentication,
        auth.MobilePreviousRouterAuthentication,
    ),
    Control.OLD_CRITICAL_VENDOR: long(otherwise=OldCriticalVendorExtension.of_subtype),
    Control.CRITICAL_VENDOR: long(otherwise=CriticalVendorExtension.of_subtype),
    Control.MOBILE_FOREIGN_KEY_REQUEST: long(otherwise=keys.MobileForeignKeyRequest.of_subtype),
    Control.MOBILE_FOREIGN_KEY_REPLY: long(keys.MobileForeignKeyReply),
    Control.MOBILE_HOME_KEY_REQUEST: long(otherwise=keys.MobileHomeKeyRequest.of_subtype),
    Control.MOBILE_HOME_KEY_REPLY: long(keys.MobileHomeKeyReply),
    Control.UDP_TUNNEL_REPLY: short(UdpTunnelReply),
    Control.FOREIGN_AGENT_ERROR: short(ForeignAgentError),
    Control.GATEWAY_FOREIGN_AGENT_ADDRESS: simple(regional.GatewayForeignAgentAddress),
    Control.PMIP_NON_SKIPPABLE: long(pmip.PmipAuthenticationMethod),
    Control.GRE_KEY: long(GreKey),
    Control.EXPERIMENTAL_NON_SKIPPABLE: long(otherwise=ExperimentalNonSkippable.of_subtype),
    Control.SKIP_FIREWALL_TRAVERSAL: simple(TraversalExtension),
    Control.ENCAPSULATING_DELIVERY_STYLE: simple(EncapsulatingDeliveryStyle),
    Control.MOBILE_NODE_NAI: simple(MobileNodeNai),
    Control.MOBILE_FOREIGN_CHALLENGE: simple(MobileForeignChallenge),
    Control.OLD_NORMAL_VENDOR: simple(OldNormalVendorExtension),
    Control.NORMAL_VENDOR: simple(NormalVendorExtension),
    Control.NAI_CARRYING: short(otherwise=NaiCarrying.of_subtype),
    Control.REVOCATION_SUPPORT: simple(RevocationSupport),
    Control.LINK_LAYER_ADDRESS: short(otherwise=LinkLayerAddress.of_subtype),
    Control.DYNAMIC_HOME_AGENT: dynamic_home_agent,
    Control.HIERARCHICAL_FOREIGN_AGENT: simple(regional.HierarchicalForeignAgent),
    Control.REPLAY_PROTECTION_STYLE: regional.replay_protection_style,
    Control.REGIONAL_REGISTRATION_LIFETIME: simple(regional.RegionalRegistrationLifetime),
    Control.UDP_TUNNEL_REQUEST: udp_tunnel_request,
    Control.MESSAGE_STRING: short(otherwise=MessageString.of_subtype),
    Control.PMIP_SKIPPABLE: short(
        pmip.PmipInterfaceId, pmip.PmipDeviceId, pmip.PmipSubscriberId, pmip.PmipAccessTechnology
    ),
    Control.MOBILE_NETWORK: short(
        mobile_network.MobileNetworkRequest,
        mobile_network.ExplicitMobileNetworkAcknowledgment,
        mobile_network.ImplicitMobileNetworkAcknowledgment,
    ),
    Control.TRUSTED_NETWORKS_CONFIGURED: short(TrustedNetworksConfigured),
    Control.SERVICE_SELECTION: simple(ServiceSelection),
    Control.DUAL_STACK: short(Ipv6PrefixRequest, Ipv6PrefixReply, Ipv6TunnelingMode),
    Control.MULTIPATH: long(MultipathBinding, FlowBinding),
    Control.EXPERIMENTAL_SKIPPABLE: short(otherwise=ExperimentalSkippable.of_subtype),
}
"""Control messages, UDP port 434."""

DISCOVERY: Mapping[int, Decoder] = {
    Advertised.PADDING: padding,
    Advertised.MOBILITY_AGENT: simple(MobilityAgentAdvertisementExtension),
    Advertised.PREFIX_LENGTHS: simple(PrefixLengthsExtension),
    Advertised.LINK_LAYER_ADDRESS_OPTION: fast_handover_option(LinkLayerAddressOption),
    Advertised.NEW_IPV4_ADDRESS_OPTION: fast_handover_option(NewIpv4AddressOption),
    Advertised.NEW_ROUTER_PREFIX_OPTION: fast_handover_option(NewRouterPrefixOption),
    Advertised.CHALLENGE: simple(AdvertisedChallenge),
    Advertised.EXPERIMENTAL_NON_SKIPPABLE: simple(AdvertisedExperimentalNonSkippable),
    Advertised.NAI_CARRYING: short(otherwise=NaiCarrying.of_subtype),
    Advertised.LINK_LAYER_ADDRESS: short(otherwise=AdvertisedLinkLayerAddress.of_subtype),
    Advertised.EXPERIMENTAL_SKIPPABLE: simple(AdvertisedExperimentalSkippable),
}
"""ICMP router discovery, the other number space."""


def decode_extensions(
    octets: bytes, offset: int, registry: Mapping[int, Decoder]
) -> tuple[tuple[Extension, ...], tuple[int, ...]]:
    """The extensions from `offset` to the end, and where each begins. Raises: `DecodeError`."""
    extensions: list[Extension] = []
    offsets: list[int] = []
    while offset < len(octets):
        offsets.append(offset)
        decoder = registry.get(octets[offset], _unknown)
        extension, offset = decoder(octets, offset)
        extensions.append(extension)
    return tuple(extensions), tuple(offsets)


def _unknown(octets: bytes, offset: int) -> tuple[Extension, int]:
    number = octets[offset]
    if number < SKIPPABLE_FROM:
        # R5944-1.8-a: "When an Extension numbered in either of these sets within the range 0 through 127 is
        # encountered but not recognized, the message containing that Extension MUST be silently discarded."
        raise DecodeError(DecodeReason.UNKNOWN_EXTENSION, offset, f"unknown extension {number}")
    cursor = window(octets, offset)
    # R5944-1.8-b: "When an Extension numbered in the range 128 through 255 is encountered that is not recognized, that
    # particular Extension is ignored, but the rest of the Extensions and message data MUST still be processed."
    return UnknownExtension(number, cursor.rest()), cursor.end
