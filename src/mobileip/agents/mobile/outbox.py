"""What one event leads to, collected in any order and given out in the one that RFC 5944 §4.6 asks for."""

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
from mobileip.forwarding.model import ForwardingChange


class Outbox:
    """Forwarding first (no ARP answers away from home before the request), then gratuitous ARP, then what is
    sent."""

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
        outputs: list[Output] = [*forwarding, *self.announcements, *self.messages, *self.discoveries]
        return [*outputs, *self.keepalives, *self.probes, *self.questions, *self.notices]
