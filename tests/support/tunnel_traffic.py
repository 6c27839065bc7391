"""What passes a mobile node's tunnels, for a node that only asks (`AskActivity`) or sends keepalives."""

import math
from ipaddress import IPv4Address

from mobileip.agents.outputs import AskActivity, Output, SendKeepalive
from mobileip.forwarding.news import EchoAnswered, News, TunnelActivity


class Traffic:
    """Streams that go on as long as `sends` and `hears` say."""

    def __init__(self) -> None:
        self.sends = False
        self.hears = False
        self.answers = True
        """Keepalives are answered."""
        self.sent_at = -math.inf
        self.heard_at = -math.inf
        self.keepalives: list[float] = []
        """When they left."""

    def change(self, now: float, *, sends: bool = False, hears: bool = False, answers: bool = True) -> None:
        self.pass_until(now)
        self.sends, self.hears, self.answers = sends, hears, answers

    def pass_until(self, now: float) -> None:
        """Streams went on until then, with a packet each 20 ms."""
        self.sent_at = max(self.sent_at, now - 0.005) if self.sends else self.sent_at
        self.heard_at = max(self.heard_at, now - 0.01) if self.hears else self.heard_at

    def follow(self, output: Output, now: float) -> News | None:
        """What the data plane says to an output."""
        if isinstance(output, AskActivity):
            self.pass_until(now)
            return TunnelActivity(home_address=output.home_address, sent_at=self.sent_at, heard_at=self.heard_at)
        if isinstance(output, SendKeepalive):
            self.keepalives.append(now)
            self.sent_at = now
            if self.answers:
                self.heard_at = now
                return self.answer(output.home_address, output.sequence)
        return None

    @staticmethod
    def answer(home_address: IPv4Address, sequence: int, identifier: int = 0x4D49) -> EchoAnswered:
        return EchoAnswered(home_address=home_address, identifier=identifier, sequence=sequence)
