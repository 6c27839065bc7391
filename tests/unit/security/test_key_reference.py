"""A key is told from others without being told."""

import msgspec
import pytest
from tests.support.messages import MOBILE_HOME

from mobileip.security.association import Algorithm, MobilitySecurityAssociation, ReplayStyle
from mobileip.security.key_reference import MARK_OCTETS, reference_to


def test_a_reference_is_short_and_holds_no_key() -> None:
    reference = reference_to(MOBILE_HOME)
    assert reference.spi == MOBILE_HOME.spi
    assert len(reference.mark) == MARK_OCTETS
    assert reference.mark not in MOBILE_HOME.key


@pytest.mark.parametrize("change", [{"spi": 257}, {"key": b"other"}, {"algorithm": Algorithm.HMAC_SHA256}])
def test_another_key_algorithm_or_spi_has_another_reference(change: dict[str, object]) -> None:
    assert reference_to(msgspec.structs.replace(MOBILE_HOME, **change)) != reference_to(MOBILE_HOME)


def test_how_freshness_is_judged_makes_no_other_key() -> None:
    same = MobilitySecurityAssociation(
        spi=MOBILE_HOME.spi, key=MOBILE_HOME.key, replay=ReplayStyle.NONCES, timestamp_window=1.0
    )
    assert reference_to(same) == reference_to(MOBILE_HOME)
