"""A home agent under trial: requests in words, what came of them sorted by kind."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from tests.support.kept import Kept
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_HOME,
    NTP,
    Signature,
    arrived,
    instant,
    registration_request,
    signed,
)

from mobileip.agents.events import Arrival, Event, Started, TimerExpired
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.memory import Remembered
from mobileip.agents.notices import Notice
from mobileip.agents.outputs import AnnounceAddress, ChangeForwarding, Departure, Notify, Output, SendMessage
from mobileip.forwarding.model import ForwardingState, ReturnPath
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.message import Decoded, decode_message
from mobileip.wire.registration import RegistrationReply

HOME_NETWORK = IPv4Network("10.1.0.0/24")
OTHER_HOME_ADDRESS = IPv4Address("10.1.0.11")
OTHER_CARE_OF_ADDRESS = IPv4Address("198.51.100.2")
FOREIGN_HOME = MobilitySecurityAssociation(spi=400, key=b"between the agents")
"""Between the foreign agent at CARE_OF_ADDRESS and the home agent, where a test configures it."""
HOME_LINK = "home0"
MAC = b"\x02\x00\x00\x00\x00\x10"
"""Of the mobile node."""


def home_agent_config(**fields: Any) -> HomeAgentConfig:
    """Two mobile nodes, a virtual home network."""
    defaults: dict[str, Any] = {
        "address": HOME_AGENT,
        "home_network": HOME_NETWORK,
        "mobile_nodes": (
            MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME,)),
            MobileNodeEntry(home_address=OTHER_HOME_ADDRESS, associations=(MOBILE_HOME,)),
        ),
    }
    return HomeAgentConfig(**(defaults | fields))


class Outcome:
    """The outputs of one event, sorted by kind."""

    def __init__(self, outputs: list[Output]) -> None:
        self.outputs = outputs
        self.messages = [o for o in outputs if isinstance(o, SendMessage)]
        self.all_changes = [o.change for o in outputs if isinstance(o, ChangeForwarding)]
        self.return_paths = [c for c in self.all_changes if any(isinstance(w, ReturnPath) for w in c.install)]
        self.changes = [c for c in self.all_changes if c not in self.return_paths]
        self.announcements = [o for o in outputs if isinstance(o, AnnounceAddress)]
        self.notices: list[Notice] = [o.notice for o in outputs if isinstance(o, Notify)]

    @property
    def decoded(self) -> Decoded[RegistrationReply]:
        (message,) = self.messages
        decoded = decode_message(message.octets)
        assert isinstance(decoded.message, RegistrationReply)
        return Decoded(decoded.message, decoded.octets, decoded.offsets)

    @property
    def reply(self) -> RegistrationReply:
        return self.decoded.message

    @property
    def departure(self) -> Departure:
        (message,) = self.messages
        return message.departure

    def is_signed_by(
        self,
        association: MobilitySecurityAssociation = MOBILE_HOME,
        kind: type[MobileHomeAuthentication | ForeignHomeAuthentication] = MobileHomeAuthentication,
    ) -> bool:
        """Whether the reply has exactly one valid extension of that kind."""
        decoded = self.decoded
        found = decoded.find(kind)
        return len(found) == 1 and verify(decoded, *found[0], association)


class Trial:
    """A started home agent; `boot` is the time, which a test moves on as it likes."""

    def __init__(
        self, *, remembered: Remembered | None = None, boot: float = 0.0, ahead: float = 0.0, **config: Any
    ) -> None:
        self.agent = HomeAgent(home_agent_config(**config))
        self.boot = boot
        self.ahead = ahead
        """Seconds by which the home agent's time of day is off."""
        self.state = ForwardingState()
        """All changes so far, applied."""
        self.kept = Kept()
        """What it wants to be remembered."""
        self.started = self.handle(Started(remembered=remembered))

    def handle(self, event: Event) -> Outcome:
        outcome = Outcome(self.agent.handle(event, instant(self.boot, self.ahead)))
        self.kept.take(outcome.outputs)
        for change in outcome.all_changes:
            self.state = self.state.apply(change)
        assert self.state == self.agent.forwarding()  # law 2
        return outcome

    def octets(self, *signatures: Signature, ahead: float = 0.0, **fields: Any) -> bytes:
        """A signed request made now by a mobile node whose clock is `ahead`."""
        fields.setdefault("identification", (NTP + round((self.boot + ahead) * 2**32)) % 2**64)
        return signed(registration_request(**fields), *signatures)

    def receive(self, octets: bytes, *, entropy: bytes = b"", **arrival: Any) -> Outcome:
        return self.handle(arrived(octets, entropy=entropy, **arrival))

    def request(self, *signatures: Signature, ahead: float = 0.0, **fields: Any) -> Outcome:
        """A fresh request; fields of `Arrival` are told from those of the request."""
        arrival = {name: fields.pop(name) for name in Arrival.__struct_fields__ if name in fields}
        arrival.setdefault("source", fields.get("care_of_address", CARE_OF_ADDRESS))
        return self.receive(self.octets(*signatures, ahead=ahead, **fields), **arrival)

    def return_home(self, **fields: Any) -> Outcome:
        """A deregistration of everything from the home address, in a frame on the home link."""
        arrival = {"source": HOME_ADDRESS, "interface": HOME_LINK, "link_source": MAC, "source_port": 4434}
        return self.request(**({"lifetime": 0, "care_of_address": HOME_ADDRESS} | arrival | fields))

    def wait(self, seconds: float) -> Outcome:
        """The timer at exactly that time."""
        self.boot += seconds
        return self.handle(TimerExpired())

    @property
    def bindings(self) -> tuple[MobilityBinding, ...]:
        return self.agent.snapshot().bindings

    @property
    def counters(self) -> dict[str, int]:
        return self.agent.snapshot().counters
