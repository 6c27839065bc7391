"""The names that log, metrics and event feed know notices by."""

from ipaddress import IPv4Address
from typing import get_args

import msgspec

from mobileip.agents.notices import BindingRemoved, Discarded, Notice
from mobileip.forwarding.drop_reason import DropReason

ADDRESS = IPv4Address("10.1.0.10")


def in_words(notice: Notice) -> dict[str, object]:
    words = msgspec.to_builtins(notice, enc_hook=str)
    assert isinstance(words, dict)
    return words


def test_the_event_is_the_kind_of_notice_in_small_letters() -> None:
    notice = BindingRemoved(home_address=ADDRESS, care_of_address=IPv4Address("192.0.2.2"), cause="expired")
    assert in_words(notice) == {
        "event": "binding_removed",
        "home_address": "10.1.0.10",
        "care_of_address": "192.0.2.2",
        "cause": "expired",
    }


def test_every_kind_has_a_name_of_its_own() -> None:
    names = [kind.__struct_config__.tag for kind in get_args(Notice)]
    assert sorted(set(names)) == sorted(names)
    assert {"discarded", "registration_denied", "visitor_added", "clock_corrected"} <= set(names)


def test_a_discard_says_why_and_shows_what() -> None:
    notice = Discarded(
        role="home_agent", reason=DropReason.UNKNOWN_SPI, detail="in words", source=ADDRESS, octets=b"\x01\x02"
    )
    assert in_words(notice)["reason"] == "unknown_spi"
    assert notice.octets == b"\x01\x02"
