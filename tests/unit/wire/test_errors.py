"""The one exception that leaves wire."""

from mobileip.wire.errors import DecodeError, DecodeReason


def test_an_error_names_the_octet_what_was_expected_and_the_reason() -> None:
    error = DecodeError(DecodeReason.BAD_LENGTH, 25, "length 3, at least 4 is expected")
    assert (error.reason, error.offset, error.detail) == (
        DecodeReason.BAD_LENGTH,
        25,
        "length 3, at least 4 is expected",
    )
    assert str(error) == "octet 25: length 3, at least 4 is expected (bad_length)"


def test_every_reason_is_its_own_name_in_small_letters() -> None:
    assert all(reason.value == reason.name.lower() for reason in DecodeReason)


def test_reasons_differ() -> None:
    assert len({reason.value for reason in DecodeReason}) == len(DecodeReason.__members__)
