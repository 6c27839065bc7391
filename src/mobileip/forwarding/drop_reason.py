"""One name for every place where a packet or message can die, the same everywhere (law 8)."""

from enum import StrEnum


class DropReason(StrEnum):
    # Octets that were not understood: the values of wire.errors.DecodeReason.
    TRUNCATED = "truncated"
    TRAILING_OCTETS = "trailing_octets"
    UNKNOWN_MESSAGE_TYPE = "unknown_message_type"
    UNKNOWN_EXTENSION = "unknown_extension"
    BAD_LENGTH = "bad_length"
    BAD_VALUE = "bad_value"
    BAD_CHECKSUM = "bad_checksum"
    BAD_VERSION = "bad_version"
    FRAGMENT = "fragment"

    # Messages that an agent discards silently.
    NOT_FOR_US = "not_for_us"
    UNKNOWN_MOBILE_NODE = "unknown_mobile_node"
    MISSING_AUTHENTICATION = "missing_authentication"
    BAD_AUTHENTICATOR = "bad_authenticator"
    UNKNOWN_SPI = "unknown_spi"
    REPLAYED = "replayed"
    UNEXPECTED_REPLY = "unexpected_reply"
    RATE_LIMITED = "rate_limited"
    BAD_ADVERTISEMENT = "bad_advertisement"

    # Packets.
    NO_BINDING = "no_binding"
    NO_VISITOR = "no_visitor"
    NOT_REGISTERED = "not_registered"
    NO_SUCH_TUNNEL = "no_such_tunnel"
    WRONG_INNER_ADDRESS = "wrong_inner_address"
    WRONG_ENCAPSULATION = "wrong_encapsulation"
    TO_TUNNEL_END = "to_tunnel_end"
    OUT_OF_ORDER = "out_of_order"
    TUNNEL_LOOP = "tunnel_loop"
    CONGESTION = "congestion"
    TTL_EXPIRED = "ttl_expired"
    TOO_BIG = "too_big"
    EXPIRED = "expired"
    NOT_IPV4 = "not_ipv4"
    SEND_FAILED = "send_failed"
