"""Making and checking authenticators over octets, in constant time (RFC 5944 §3.5.1, §5.1)."""

from mobileip.security.association import MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import AuthenticationExtension
from mobileip.wire.message import Decoded, Message


def sign(octets: bytes, kind: type[AuthenticationExtension], association: MobilitySecurityAssociation) -> bytes:
    """`octets` (a message so far, all prior extensions included) with one authentication extension appended."""
    raise NotImplementedError


def verify(
    decoded: Decoded[Message], offset: int, extension: AuthenticationExtension, association: MobilitySecurityAssociation
) -> bool:
    """Whether the extension at `offset` authenticates what was received before it (constant-time comparison)."""
    raise NotImplementedError
