"""Multipath and flow bindings: 154."""

from collections.abc import Mapping

import pytest
from tests.support.wire import check_vector, own_vectors, refused

from mobileip.wire.errors import DecodeReason
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.framing import Decoder
from mobileip.wire.extensions.multipath import FlowBinding, MultipathBinding


@pytest.mark.parametrize(("extension", "octets", "registry"), own_vectors("multipath"))
def test_vectors(extension: Extension, octets: str, registry: Mapping[int, Decoder]) -> None:
    check_vector(extension, octets, registry)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("9a010003040102", DecodeReason.BAD_LENGTH),  # three octets
        ("9a010005040102c100", DecodeReason.TRAILING_OCTETS),  # five octets
        ("9a030000", DecodeReason.UNKNOWN_EXTENSION),  # subtype 3: not skippable in spite of its number
        ("9a020003010502", DecodeReason.BAD_LENGTH),  # five binding ids promised
        ("9a0200030101 02", DecodeReason.BAD_LENGTH),  # no selector format
    ],
)
def test_refused(octets: str, reason: DecodeReason) -> None:
    assert refused(octets).reason is reason


@pytest.mark.parametrize(
    ("extension", "field"),
    [
        (MultipathBinding(access_technology=256, interface_label=1, binding_id=1), "access_technology"),
        (MultipathBinding(access_technology=1, interface_label=256, binding_id=1), "interface_label"),
        (MultipathBinding(access_technology=1, interface_label=1, binding_id=256), "binding_id"),
        (MultipathBinding(access_technology=1, interface_label=1, binding_id=1, reserved=64), "reserved"),
        (FlowBinding(action=256, binding_ids=(1,), selector_format=1), "action"),
        (FlowBinding(action=0, binding_ids=(256,), selector_format=1), "binding_ids"),
        (FlowBinding(action=0, binding_ids=(1,) * 256, selector_format=1), "binding id count"),
        (FlowBinding(action=0, binding_ids=(1,), selector_format=256), "selector_format"),
    ],
)
def test_out_of_range(extension: Extension, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        extension.encode()
