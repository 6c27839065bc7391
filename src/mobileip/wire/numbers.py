"""Assigned numbers, one enum for each registry. An unknown number is kept by the decoder, never crashed on."""

from enum import Enum, IntEnum

MOBILE_IP_UDP_PORT = 434
"""RFC 5944 §1.8."""


class MessageType(IntEnum):
    """Types of control messages (RFC 5944 §6.1 and later texts); we read and write 1, 3, 4, 7 and 15."""

    REGISTRATION_REQUEST = 1
    """RFC 5944 §3.3."""
    REGISTRATION_REPLY = 3
    """RFC 5944 §3.4."""
    TUNNEL_DATA = 4
    """RFC 3519 §3.3."""
    REGISTRATION_REVOCATION = 7
    """RFC 3543 §3.3."""
    REVOCATION_ACKNOWLEDGMENT = 15
    """RFC 3543 §3.4."""
    HANDOFF_REQUEST = 16
    """RFC 4881 §4.5."""
    HANDOFF_REPLY = 17
    """RFC 4881 §4.6."""
    REGIONAL_REGISTRATION_REQUEST = 18
    """RFC 4857 §10.1."""
    REGIONAL_REGISTRATION_REPLY = 19
    """RFC 4857 §10.2."""
    FAST_BINDING_UPDATE = 20
    """RFC 4988 §5.1."""
    FAST_BINDING_ACKNOWLEDGMENT = 21
    """RFC 4988 §5.2."""
    GENERIC_NOTIFICATION = 22
    """RFC 6098 §4.1."""
    GENERIC_NOTIFICATION_ACKNOWLEDGMENT = 23
    """RFC 6098 §4.2."""
    EXPERIMENTAL = 255
    """RFC 4064 §3."""


class ExtensionType(IntEnum):
    """Extensions of control messages (RFC 5944 §6.2); 0-127 must be understood, 128-255 can be skipped."""

    PADDING = 0
    """RFC 5944 §1.8."""
    MOBILE_HOME_AUTHENTICATION = 32
    """RFC 5944 §3.5.2."""
    MOBILE_FOREIGN_AUTHENTICATION = 33
    """RFC 5944 §3.5.3."""
    FOREIGN_HOME_AUTHENTICATION = 34
    """RFC 5944 §3.5.4."""
    GENERALIZED_AUTHENTICATION = 36
    """RFC 4721 §5."""
    OLD_CRITICAL_VENDOR = 37
    """RFC 3025 §2.1."""
    CRITICAL_VENDOR = 38
    """RFC 3115 §2.1."""
    MOBILE_FOREIGN_KEY_REQUEST = 40
    """RFC 3957 §6.1."""
    MOBILE_FOREIGN_KEY_REPLY = 41
    """RFC 3957 §6.2."""
    MOBILE_HOME_KEY_REQUEST = 42
    """RFC 3957 §6.3."""
    MOBILE_HOME_KEY_REPLY = 43
    """RFC 3957 §6.4."""
    UDP_TUNNEL_REPLY = 44
    """RFC 3519 §3.2."""
    FOREIGN_AGENT_ERROR = 45
    """RFC 4636 §3."""
    GATEWAY_FOREIGN_AGENT_ADDRESS = 46
    """RFC 4857 §9.1."""
    PMIP_NON_SKIPPABLE = 47
    """RFC 5563 §5.1."""
    GRE_KEY = 48
    """RFC 6245 §5."""
    EXPERIMENTAL_NON_SKIPPABLE = 127
    """RFC 4064 §4.1."""
    SKIP_FIREWALL_TRAVERSAL = 129
    """RFC 2356 §7.3."""
    ENCAPSULATING_DELIVERY_STYLE = 130
    """RFC 3024 §3.3."""
    MOBILE_NODE_NAI = 131
    """RFC 2794 §2."""
    MOBILE_FOREIGN_CHALLENGE = 132
    """RFC 4721 §4."""
    OLD_NORMAL_VENDOR = 133
    """RFC 3025 §2.2."""
    NORMAL_VENDOR = 134
    """RFC 3115 §2.2."""
    NAI_CARRYING = 136
    """RFC 3846 §3."""
    REVOCATION_SUPPORT = 137
    """RFC 3543 §3.2."""
    LINK_LAYER_ADDRESS = 138
    """RFC 4881 §9."""
    DYNAMIC_HOME_AGENT = 139
    """RFC 4433 §3.4."""
    HIERARCHICAL_FOREIGN_AGENT = 140
    """RFC 4857 §9.2."""
    REPLAY_PROTECTION_STYLE = 141
    """RFC 4857 §9.3."""
    REGIONAL_REGISTRATION_LIFETIME = 142
    """RFC 4857 §9.4."""
    UDP_TUNNEL_REQUEST = 144
    """RFC 3519 §3.1."""
    MESSAGE_STRING = 145
    """RFC 4917 §3."""
    PMIP_SKIPPABLE = 147
    """RFC 5563 §5.2-§5.5."""
    MOBILE_NETWORK = 148
    """RFC 5177 §4."""
    TRUSTED_NETWORKS_CONFIGURED = 149
    """RFC 5265 §3.4."""
    SERVICE_SELECTION = 151
    """RFC 5446 §3."""
    DUAL_STACK = 152
    """RFC 5454 §2."""
    MULTIPATH = 154
    """RFC 7629 §4: not skippable in spite of its number."""
    EXPERIMENTAL_SKIPPABLE = 255
    """RFC 4064 §4.3."""


class AdvertisementExtensionType(IntEnum):
    """Extensions of ICMP router discovery messages: a number space of its own (RFC 5944 §1.8)."""

    PADDING = 0
    """RFC 5944 §2.1.3."""
    MOBILITY_AGENT = 16
    """RFC 5944 §2.1.1."""
    PREFIX_LENGTHS = 19
    """RFC 5944 §2.1.2."""
    LINK_LAYER_ADDRESS_OPTION = 20
    """RFC 4988 §6.1."""
    NEW_IPV4_ADDRESS_OPTION = 21
    """RFC 4988 §6.2."""
    NEW_ROUTER_PREFIX_OPTION = 22
    """RFC 4988 §6.3."""
    CHALLENGE = 24
    """RFC 4721 §2."""
    EXPERIMENTAL_NON_SKIPPABLE = 127
    """RFC 4064 §4.2."""
    NAI_CARRYING = 136
    """RFC 3846 §7; RFC 4857 §8.2 for the foreign agent's own."""
    LINK_LAYER_ADDRESS = 140
    """RFC 4881 §9."""
    EXPERIMENTAL_SKIPPABLE = 255
    """RFC 4064 §4.4."""


class Issuer(Enum):
    """Who issues a Reply code. The ranges of RFC 5944 §6.4 do not tell (194 comes from a foreign agent)."""

    HOME_AGENT = "home_agent"
    FOREIGN_AGENT = "foreign_agent"
    GATEWAY_FOREIGN_AGENT = "gateway_foreign_agent"


class ReplyCode(IntEnum):
    """Codes of a Registration Reply (RFC 5944 §3.4 and the registry's later entries)."""

    ACCEPTED = 0
    """RFC 5944 §3.4."""
    ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED = 1
    """RFC 5944 §3.4: accepted, and always a success to the mobile node (§3.8.2.2)."""

    FA_REASON_UNSPECIFIED = 64
    """RFC 5944 §3.4."""
    FA_ADMINISTRATIVELY_PROHIBITED = 65
    """RFC 5944 §3.4."""
    FA_INSUFFICIENT_RESOURCES = 66
    """RFC 5944 §3.4."""
    FA_MOBILE_NODE_FAILED_AUTHENTICATION = 67
    """RFC 5944 §3.4."""
    FA_HOME_AGENT_FAILED_AUTHENTICATION = 68
    """RFC 5944 §3.4."""
    FA_REQUESTED_LIFETIME_TOO_LONG = 69
    """RFC 5944 §3.4: the Reply's Lifetime is the longest that is allowed (§3.7.2.3)."""
    FA_POORLY_FORMED_REQUEST = 70
    """RFC 5944 §3.4."""
    FA_POORLY_FORMED_REPLY = 71
    """RFC 5944 §3.4."""
    FA_REQUESTED_ENCAPSULATION_UNAVAILABLE = 72
    """RFC 5944 §3.4."""
    FA_RESERVED_AND_UNAVAILABLE = 73
    """RFC 5944 §3.4; Van Jacobson compression unavailable in RFC 2002."""
    FA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE = 74
    """RFC 3024 §3.4."""
    FA_REVERSE_TUNNEL_MANDATORY = 75
    """RFC 3024 §3.4: T was not set."""
    FA_MOBILE_NODE_TOO_DISTANT = 76
    """RFC 3024 §3.4: the Request's TTL was not 255."""
    FA_INVALID_CARE_OF_ADDRESS = 77
    """RFC 5944 §3.4."""
    FA_REGISTRATION_TIMEOUT = 78
    """RFC 5944 §3.4."""
    FA_DELIVERY_STYLE_NOT_SUPPORTED = 79
    """RFC 3024 §3.4, number in §7."""
    FA_HOME_NETWORK_UNREACHABLE = 80
    """RFC 5944 §3.4: an ICMP error was received."""
    FA_HOME_AGENT_HOST_UNREACHABLE = 81
    """RFC 5944 §3.4: an ICMP error was received."""
    FA_HOME_AGENT_PORT_UNREACHABLE = 82
    """RFC 5944 §3.4: an ICMP error was received."""
    FA_HOME_AGENT_UNREACHABLE = 88
    """RFC 5944 §3.4: another ICMP error was received."""
    FA_NONZERO_HOME_AGENT_REQUIRED = 90
    """RFC 4433 §7."""
    FA_NONZERO_HOME_ADDRESS_REQUIRED = 96
    """RFC 2794 §5."""
    FA_MISSING_NAI = 97
    """RFC 2794 §5."""
    FA_MISSING_HOME_AGENT = 98
    """RFC 2794 §5."""
    FA_MISSING_HOME_ADDRESS = 99
    """RFC 2794 §5."""
    FA_UNKNOWN_CVSE_FROM_MOBILE_NODE = 100
    """RFC 3115 §2.4."""
    FA_UNKNOWN_CVSE_FROM_HOME_AGENT = 101
    """RFC 3115 §2.4."""
    FA_UNKNOWN_CHALLENGE = 104
    """RFC 4721 §10."""
    FA_MISSING_CHALLENGE = 105
    """RFC 4721 §10."""
    FA_STALE_CHALLENGE = 106
    """RFC 4721 §10."""
    FA_MISSING_MN_FA = 107
    """RFC 3957 §7."""
    FA_BAD_AAA_AUTHENTICATION = 108
    """RFC 4721 §10."""
    FA_HA_WRONG_CHALLENGE = 109
    """RFC 4721 §10: a status of the Foreign Agent Error extension."""
    GFA_REPLAY_PROTECTION_UNAVAILABLE = 110
    """RFC 4857 §9.5."""
    GFA_ZERO_CARE_OF_ADDRESS_NOT_SUPPORTED = 111
    """RFC 4857 §9.5."""
    FA_UNKNOWN_GFA = 112
    """RFC 4857 §10.3."""
    FA_GFA_UNREACHABLE = 113
    """RFC 4857 §10.3."""
    FA_GFA_HOST_UNREACHABLE = 114
    """RFC 4857 §10.3."""
    FA_GFA_PORT_UNREACHABLE = 115
    """RFC 4857 §10.3."""
    FA_EXPERIMENTAL = 127
    """RFC 4064 §7.3."""

    HA_REASON_UNSPECIFIED = 128
    """RFC 5944 §3.4."""
    HA_ADMINISTRATIVELY_PROHIBITED = 129
    """RFC 5944 §3.4."""
    HA_INSUFFICIENT_RESOURCES = 130
    """RFC 5944 §3.4."""
    HA_MOBILE_NODE_FAILED_AUTHENTICATION = 131
    """RFC 5944 §3.4."""
    HA_FOREIGN_AGENT_FAILED_AUTHENTICATION = 132
    """RFC 5944 §3.4."""
    HA_IDENTIFICATION_MISMATCH = 133
    """RFC 5944 §3.4, §5.7: carries what is needed to resynchronise."""
    HA_POORLY_FORMED_REQUEST = 134
    """RFC 5944 §3.4."""
    HA_TOO_MANY_SIMULTANEOUS_BINDINGS = 135
    """RFC 5944 §3.4."""
    HA_UNKNOWN_HOME_AGENT_ADDRESS = 136
    """RFC 5944 §3.4: the Reply names the home agent's address (§3.6.2.3)."""
    HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE = 137
    """RFC 3024 §3.4."""
    HA_REVERSE_TUNNEL_MANDATORY = 138
    """RFC 3024 §3.4: T was not set."""
    HA_REQUESTED_ENCAPSULATION_UNAVAILABLE = 139
    """RFC 3024 §3.4."""
    HA_UNKNOWN_CVSE_FROM_MOBILE_NODE = 140
    """RFC 3115 §2.4."""
    HA_UNKNOWN_CVSE_FROM_FOREIGN_AGENT = 141
    """RFC 3115 §2.4."""
    HA_UDP_ENCAPSULATION_UNAVAILABLE = 142
    """RFC 3519 §3.5."""
    HA_REDIRECT_REQUIRED = 143
    """RFC 4433 §7."""
    HA_BAD_AAA_AUTHENTICATION = 144
    """RFC 4721 §10."""
    HA_ZERO_CARE_OF_ADDRESS = 145
    """RFC 4857 §9.5."""
    HA_DYNAMIC_GFA_NOT_SUPPORTED = 146
    """RFC 4857 §9.5."""
    HA_MOBILE_NETWORK_ERROR = 147
    """RFC 5177 §11."""
    HA_MOBILE_NETWORK_DISALLOWED = 148
    """RFC 5177 §11."""
    HA_PMIP_UNSUPPORTED = 149
    """RFC 5563 §12.2."""
    HA_PMIP_DISALLOWED = 150
    """RFC 5563 §12.2."""
    HA_SERVICE_AUTHORIZATION_FAILED = 151
    """RFC 5446 §4."""
    HA_MULTIPATH_NOT_ALLOWED = 152
    """RFC 7629 §4.3."""
    HA_INVALID_FLOW_BINDING_IDENTIFIER = 153
    """RFC 7629 §4.3."""
    HA_EXPERIMENTAL = 192
    """RFC 4064 §7.3."""

    GFA_NO_HOME_REGISTRATION = 193
    """RFC 4857 §10.3."""
    FA_INVALID_HOME_AGENT_ADDRESS = 194
    """RFC 5944 §3.4, §3.7.2: from a foreign agent, though its number lies among the gateway's."""

    @property
    def is_accepted(self) -> bool:
        return self in (ReplyCode.ACCEPTED, ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED)

    @property
    def issued_by(self) -> Issuer:
        """By the name's prefix, since the number's range lies (FACTS C11): only acceptances have none, the HA's."""
        return _ISSUER_BY_PREFIX.get(self.name.partition("_")[0], Issuer.HOME_AGENT)


_ISSUER_BY_PREFIX = {
    "FA": Issuer.FOREIGN_AGENT,
    "HA": Issuer.HOME_AGENT,
    "GFA": Issuer.GATEWAY_FOREIGN_AGENT,
}
