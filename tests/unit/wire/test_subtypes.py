"""Numbers inside single extensions."""

from enum import IntEnum

import pytest

from mobileip.wire import subtypes
from mobileip.wire.extensions import authentication
from mobileip.wire.extensions.link_layer import FIXED_LENGTHS

REGISTRIES = [
    kind for kind in vars(subtypes).values() if isinstance(kind, type) and issubclass(kind, IntEnum) and len(kind)
]


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_number_is_one_octet_and_given_once(registry: type[IntEnum]) -> None:
    assert all(0 <= number <= 255 for number in registry)
    assert len(registry.__members__) == len(list(registry))


def test_generalized_authentication_has_a_class_for_each_subtype() -> None:
    classes = authentication.GeneralizedAuthentication.__subclasses__()
    assert {kind.SUBTYPE for kind in classes} == set(subtypes.GeneralizedAuthenticationSubtype)


def test_replay_methods_of_key_generation_are_not_those_of_regional_registration() -> None:
    # RFC 3957 §4: 2 timestamps, 3 nonces; RFC 4857 §9.3: 0 and 1.
    assert (subtypes.ReplayMethod.TIMESTAMPS, subtypes.ReplayMethod.NONCES) == (2, 3)


def test_addresses_of_a_fixed_length_have_a_subtype() -> None:
    assert set(FIXED_LENGTHS) <= set(subtypes.LinkLayerAddressSubtype)


@pytest.mark.parametrize(("code", "is_refusal"), [(0, False), (64, True)])
def test_udp_tunnelling_is_refused_from_64_on(code: int, is_refusal: bool) -> None:
    assert (subtypes.UdpTunnelReplyCode(code) >= 64) is is_refusal


def test_a_mobile_network_is_granted_by_0_alone() -> None:
    assert subtypes.MobileNetworkCode.SUCCESS == 0
    assert [c.value for c in subtypes.MobileNetworkCode if c] == [1, 2, 3, 4]
