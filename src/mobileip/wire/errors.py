"""What octets can be refused for. The only exception that leaves this room.

Exception
└── DecodeError    octets from outside that no message of ours begins with; names the reason and the octet
"""

from enum import StrEnum


class DecodeReason(StrEnum):
    """Why octets were not understood. Each value is also a `forwarding.DropReason`."""

    TRUNCATED = "truncated"
    """A fixed part, a length or an extension reaches beyond the last octet."""
    TRAILING_OCTETS = "trailing_octets"
    """A nested length was not used up exactly."""
    UNKNOWN_MESSAGE_TYPE = "unknown_message_type"
    UNKNOWN_EXTENSION = "unknown_extension"
    """RFC 5944 §1.8: an unrecognized extension numbered 0-127 discards the whole message."""
    BAD_LENGTH = "bad_length"
    """A length that this type of message or extension can't have."""
    BAD_VALUE = "bad_value"
    """A field with a value that its definition forbids."""
    BAD_CHECKSUM = "bad_checksum"
    BAD_VERSION = "bad_version"
    FRAGMENT = "fragment"
    """One piece of a packet, where only whole ones are read."""


class DecodeError(Exception):
    """Octets from outside that can't be decoded; nothing was changed by them.

    `offset` is the octet (from 0, in the octets given to the decoder) at which it went wrong; `detail` says what
    was expected.
    """

    def __init__(self, reason: DecodeReason, offset: int, detail: str) -> None:
        super().__init__(f"octet {offset}: {detail} ({reason})")
        self.reason = reason
        self.offset = offset
        self.detail = detail
