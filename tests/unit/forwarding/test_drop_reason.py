from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.errors import DecodeReason


def test_whatever_the_decoder_refuses_has_a_drop_reason_of_the_same_name():
    assert {reason.name: reason.value for reason in DecodeReason}.items() <= {
        reason.name: reason.value for reason in DropReason
    }.items()


def test_names_and_values_are_the_same_word():
    assert all(reason.value == reason.name.lower() for reason in DropReason)
