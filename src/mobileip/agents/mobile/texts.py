"""Texts for people in Registration Replies (RFC 4917): shown, and nothing else."""

from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import MessageShown
from mobileip.wire.extensions.message_string import MessageString
from mobileip.wire.message import Decoded, Message
from mobileip.wire.subtypes import MessageStringSubtype

LONGEST_TEXT = 200
"""Characters that are shown."""
_SENDERS = {int(subtype): subtype.name.lower() for subtype in MessageStringSubtype}


def show_texts(state: NodeState, decoded: Decoded[Message], now: float, out: Outbox) -> None:
    """R4917-3-b: the Text "MUST NOT affect the operation of the protocol": nothing but a notice comes of it."""
    for _, extension in decoded.find(MessageString):
        if state.texts.ready_at(now) > now:
            state.count("texts_not_shown")
            continue
        state.texts.take(now)
        # R4917-3-b
        out.notify(MessageShown(sender=_SENDERS.get(extension.subtype, "unknown"), text=harmless(extension.text)))


def harmless(text: str) -> str:
    """What a terminal can be given: control characters and the like are escaped."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:LONGEST_TEXT])
    return shown if len(text) <= LONGEST_TEXT else shown + "..."
