"""What one event leads to, collected in any order and given out in the one that RFC 5944 §4.6 asks for."""

import msgspec

from mobileip.agents.notices import Notice
from mobileip.agents.outputs import (
    AnnounceAddress,
    AskActivity,
    AskLinkUse,
    ChangeForwarding,
    Notify,
    Output,
    SendDiscovery,
    SendKeepalive,
    SendMessage,
    SendProbe,
)
from mobileip.forwarding.model import ForwardingChange, MobileLink


class Outbox:
    """Forwarding first (no ARP answers away from home before the request), then gratuitous ARP, then what is sent; a
    request may go ahead where ARP stays as it is."""

    __slots__ = ("announcements", "discoveries", "keepalives", "messages", "notices", "probes", "questions")

    def __init__(self) -> None:
        self.announcements: list[AnnounceAddress] = []
        self.messages: list[SendMessage] = []
        self.discoveries: list[SendDiscovery] = []
        self.keepalives: list[SendKeepalive] = []
        self.probes: list[SendProbe] = []
        self.questions: list[AskActivity | AskLinkUse] = []
        self.notices: list[Notify] = []

    def notify(self, notice: Notice) -> None:
        self.notices.append(Notify(notice))

    def outputs(self, change: ForwardingChange) -> list[Output]:
        forwarding = [ChangeForwarding(change)] if change.install or change.remove else []
        outputs: list[Output] = [*forwarding, *self.announcements, *self._messages(change), *self.discoveries]
        return [*outputs, *self.keepalives, *self.probes, *self.questions, *self.notices]

    def _messages(self, change: ForwardingChange) -> list[SendMessage]:
        # R5944-4.6-t, R5944-4.6-u: what is answered by ARP, and what is announced, changes before the request leaves.
        # With neither nothing holds a frame up: its answer takes longer than the change.
        if self.announcements or any(isinstance(wish, MobileLink) for wish in change.install):
            return self.messages
        return [_hurried(message) for message in self.messages]


def _hurried(message: SendMessage) -> SendMessage:
    """A frame goes where it goes, whatever is changed meanwhile."""
    is_frame = message.departure.link_destination is not None
    return msgspec.structs.replace(message, ahead=True) if is_frame else message
