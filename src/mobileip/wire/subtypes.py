"""Numbers inside single extensions: subtypes, codes, methods. The registries of types are in numbers.py."""

from enum import IntEnum


class GeneralizedAuthenticationSubtype(IntEnum):
    """Subtypes of extension 36."""

    MOBILE_AAA = 1
    """RFC 4721 §6."""
    FOREIGN_FOREIGN = 2
    """RFC 4857 §11."""
    MOBILE_GATEWAY = 3
    """RFC 4857 §11."""
    MOBILE_PREVIOUS_ROUTER = 4
    """RFC 4988 §8."""


class ReplayMethod(IntEnum):
    """RFC 3957 §4. Extension 141 has other numbers: 0 timestamps, 1 nonces (RFC 4857 §9.3)."""

    TIMESTAMPS = 2
    NONCES = 3


class UdpTunnelReplyCode(IntEnum):
    """RFC 3519 §3.2.1: 0-63 assent, 64-255 refuse."""

    WILL_TUNNEL = 0
    DECLINED = 64


class PmipMethod(IntEnum):
    """RFC 5563 §5.1."""

    FOREIGN_HOME_AUTHENTICATION = 1
    IPSEC = 2


class AccessTechnology(IntEnum):
    """RFC 5563 §5.5, extension 147 only."""

    ETHERNET = 1
    WLAN = 2
    IEEE_802_16E = 3
    IEEE_802_16M = 4
    LTE = 5
    UTRAN_GERAN = 6
    CDMA2000 = 7
    UMB = 8


class NaiCarryingSubtype(IntEnum):
    """Whose identity extension 136 carries."""

    HOME_AGENT = 1
    """RFC 3846 §4."""
    HOME_AAA_SERVER = 2
    """RFC 3846 §5."""
    FOREIGN_AGENT = 3
    """RFC 4857 §8.2."""


class LinkLayerAddressSubtype(IntEnum):
    """RFC 4881 §9: extension 138, and 140 in router discovery."""

    IMSI_3GPP2 = 1
    IMSI_3GPP = 2
    ETHERNET = 3
    EUI_64 = 4
    SOLICITED_IPV4_ADDRESS = 5
    ACCESS_POINT = 6
    FOREIGN_AGENT_IPV4_ADDRESS = 7


class LinkLayerOptionCode(IntEnum):
    """RFC 4988 §6.1: what the address of router discovery extension 20 is."""

    WILDCARD = 0
    NEW_ACCESS_POINT = 1
    MOBILE_NODE = 2
    NEW_ACCESS_ROUTER = 3
    SOURCE = 4
    CURRENT_INTERFACE = 5
    NO_PREFIX_INFORMATION = 6
    NO_FAST_HANDOVERS = 7


class DynamicHomeAgentSubtype(IntEnum):
    """RFC 4433 §3.4."""

    REQUESTED = 1
    REDIRECTED = 2


class MessageStringSubtype(IntEnum):
    """RFC 4917 §3: whose words they are."""

    HOME_AGENT = 1
    FOREIGN_AGENT = 2


class MobileNetworkCode(IntEnum):
    """RFC 5177 §4.2, §11."""

    SUCCESS = 0
    INVALID_PREFIX_LENGTH = 1
    UNAUTHORIZED = 2
    FORWARDING_SETUP_FAILED = 3
    UNASSIGNED = 4
    """RFC 6626 §5."""


class Ipv6PrefixCode(IntEnum):
    """RFC 5454 §2.2."""

    ACCEPTED_TO_HOME_ADDRESS = 0
    ACCEPTED_TO_CARE_OF_ADDRESS = 1
    REASON_UNSPECIFIED = 8
    ADMINISTRATIVELY_PROHIBITED = 9


class FlowAction(IntEnum):
    """RFC 7629 §4.2."""

    DROP = 0
    FORWARD = 1
