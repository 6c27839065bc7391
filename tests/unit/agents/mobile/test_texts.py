"""Texts for people (RFC 4917)."""

import pytest
from tests.support.attachments import started
from tests.support.messages import registration_reply, signed

from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.state import TEXT_BURST
from mobileip.agents.mobile.texts import LONGEST_TEXT, harmless, show_texts
from mobileip.agents.notices import MessageShown
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.message import decode_message


def shown(*texts: MessageString, state: object = None, now: float = 100.0) -> list[MessageShown]:
    node, out = state or started(), Outbox()
    octets = signed(registration_reply(extensions=texts))
    show_texts(node, decode_message(octets), now, out)  # type: ignore[arg-type]
    return [output.notice for output in out.notices if isinstance(output.notice, MessageShown)]


@pytest.mark.parametrize(("subtype", "sender"), [(1, "home_agent"), (2, "foreign_agent"), (9, "unknown")])
def test_whose_words_they_are(subtype: int, sender: str) -> None:
    assert shown(MessageString.of(subtype, "hello")) == [MessageShown(sender=sender, text="hello")]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Grüße, ok?", "Grüße, ok?"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("one\ntwo", "one\\ntwo"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("n" * LONGEST_TEXT, "n" * LONGEST_TEXT),
        ("n" * 253, "n" * LONGEST_TEXT + "..."),
    ],
)
def test_made_harmless(text: str, seen: str) -> None:
    assert harmless(text) == seen


def test_wrong_octets_are_no_reason_to_say_nothing() -> None:
    assert shown(MessageString(1, b"caf\xe9"))[0].text == "caf\ufffd"


def test_few_at_once() -> None:
    state = started()
    many = [MessageString.of(1, str(number)) for number in range(TEXT_BURST + 3)]
    assert len(shown(*many, state=state)) == TEXT_BURST
    assert state.counters["texts_not_shown"] == 3
    assert shown(many[0], state=state, now=105.0) == []
    assert len(shown(many[0], state=state, now=110.0)) == 1
