"""Making and checking authenticators over octets, in constant time (RFC 5944 §3.5.1, §5.1).

What an authenticator covers: the UDP payload from its type octet on, all prior extensions, and Type, Length
and SPI of its own extension. Never the authenticator itself, what follows it, or any header below. So the
Length octet holds its final value before anything is computed, and a Foreign-Home authenticator covers the
Mobile-Home extension in front of it.
"""

import hmac
from hashlib import md5

from mobileip.security.association import Algorithm, MobilitySecurityAssociation
from mobileip.wire.extensions.authentication import AuthenticationExtension
from mobileip.wire.message import Decoded, Message

_HMAC_DIGESTS = {Algorithm.HMAC_MD5: "md5", Algorithm.HMAC_SHA1: "sha1", Algorithm.HMAC_SHA256: "sha256"}

_AUTHENTICATOR_LENGTHS = {
    Algorithm.HMAC_MD5: 16,
    Algorithm.KEYED_MD5: 16,
    Algorithm.KEYED_MD5_RFC2002: 16,
    Algorithm.HMAC_SHA1: 20,
    Algorithm.HMAC_SHA256: 32,
}

_SPI_LENGTH = 4


def authenticator(covered: bytes, association: MobilitySecurityAssociation) -> bytes:
    """The authenticator over `covered`, which ends with the SPI of the extension that will carry it."""
    # R5944-3.5.1-c: "an implementation MUST be able to associate any SPI value with any authentication algorithm and
    # mode that it implements": the algorithm is that of the association, whatever its SPI.
    digest = _HMAC_DIGESTS.get(association.algorithm)
    if digest is not None:
        # R5944-5.1-b: "key sizes of 128 bits or greater". R5944-5.1-c: "Keys with arbitrary binary values MUST be
        # supported."
        return hmac.digest(association.key, covered, digest)
    if association.algorithm is Algorithm.KEYED_MD5_RFC2002:
        # RFC 2002 §3.5.1: the protected fields end with the Type and Length of the extension itself.
        covered = covered[:-_SPI_LENGTH]
    # R5944-5.1-d: "prefix+suffix" mode, the key before and after the data, with no padding between the parts.
    return md5(association.key + covered + association.key, usedforsecurity=False).digest()


def sign(octets: bytes, kind: type[AuthenticationExtension], association: MobilitySecurityAssociation) -> bytes:
    """`octets` (a message so far, all prior extensions included) with one authentication extension
    appended.
    """
    # R5944-3.5.1-a: "the UDP payload", "all prior Extensions in their entirety", "the Type, Length, and SPI of this
    # Extension".
    covered = octets + kind.header(association.spi, _AUTHENTICATOR_LENGTHS[association.algorithm])
    # R5944-3.2-b: "Registration messages between a mobile node and its home agent MUST be authenticated with an
    # authorization-enabling extension".
    return covered + authenticator(covered, association)


def verify(
    decoded: Decoded[Message],
    offset: int,
    extension: AuthenticationExtension,
    association: MobilitySecurityAssociation,
) -> bool:
    """Whether the extension at `offset` authenticates what was received before it (constant-time comparison).

    False as well when the extension names another SPI than the association's.
    """
    # R5944-3.5.1-b: the SPI "defines the security context that is used to compute the Authenticator value and that MUST
    # be used by the receiver to check that value".
    if extension.spi != association.spi:
        return False
    # R5944-3.5.1-a
    covered = decoded.octets[: offset + extension.COVERED_OCTETS]
    return hmac.compare_digest(authenticator(covered, association), extension.authenticator)
