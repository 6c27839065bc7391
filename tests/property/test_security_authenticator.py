"""What is signed verifies; what was changed anywhere under the signature does not (laws 3 and 7)."""

import hypothesis.strategies as st
from hypothesis import given, settings
from tests.support.messages import registration_request

from mobileip.security.association import Algorithm, MobilitySecurityAssociation
from mobileip.security.authenticator import sign, verify
from mobileip.wire.extensions.authentication import SPI_END, MobileHomeAuthentication
from mobileip.wire.message import Decoded

associations = st.builds(
    MobilitySecurityAssociation,
    spi=st.integers(256, 2**32 - 1),
    key=st.binary(min_size=1, max_size=80),
    algorithm=st.sampled_from(Algorithm),
)


def verdict(octets: bytes, offset: int, association: MobilitySecurityAssociation) -> bool:
    spi = int.from_bytes(octets[offset + 2 : offset + SPI_END])
    extension = MobileHomeAuthentication(spi, octets[offset + SPI_END :])
    return verify(Decoded(registration_request(), octets, ()), offset, extension, association)


@settings(deadline=None, max_examples=2000)
@given(st.binary(max_size=200), associations, st.data())
def test_signed_octets_verify_and_changed_ones_do_not(
    octets: bytes, association: MobilitySecurityAssociation, data: st.DataObject
) -> None:
    signed = sign(octets, MobileHomeAuthentication, association)
    assert signed.startswith(octets)
    assert verdict(signed, len(octets), association)
    position = data.draw(st.integers(0, len(signed) - 1))
    changed = bytearray(signed)
    changed[position] ^= data.draw(st.integers(1, 255))
    assert not verdict(bytes(changed), len(octets), association)
