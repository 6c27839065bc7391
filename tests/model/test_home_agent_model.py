"""The home agent against the dumb one: any Requests at any times, and the same answers and bindings after each."""

from ipaddress import IPv4Address
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.model.dumb_home_agent import OPEN, SILENCE, Answer, DumbHomeAgent, has_others
from tests.support.home_agent import FOREIGN_HOME, HOME_NETWORK, Trial
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, KEY, MOBILE_HOME, NTP, registration_request

from mobileip.agents.home.config import MobileNodeEntry, ReverseTunnels
from mobileip.agents.outputs import SendMessage
from mobileip.forwarding.model import ReverseExit
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.errors import DecodeError
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.extensions.nat_traversal import UdpTunnelRequest
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.extensions.vendor import CriticalVendorExtension
from mobileip.wire.identification import high, low
from mobileip.wire.message import decode_message, encode_message
from mobileip.wire.registration import RegistrationReply
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

FOREIGN_AGENT = "192.0.2.9"
"""Shares an association with the home agent."""
OUTSIDER = IPv4Address("10.7.0.5")
"""A mobile node with an association but outside of the home network."""
HOMES = [str(HOME_ADDRESS), "10.1.0.11", str(OUTSIDER), "10.1.0.99"]
CARE_OF = ["192.0.2.2", "192.0.2.3", FOREIGN_AGENT, "127.0.0.1", "224.0.0.9", "10.1.0.11", "0.0.0.0"]
UDP = {
    "nat": UdpTunnelRequest().encode(),
    "forced": UdpTunnelRequest(force=True).encode(),
    "through": UdpTunnelRequest(through_foreign_agent=True).encode(),
    "nat in gre": UdpTunnelRequest(encapsulation=47).encode(),
    "nat in 41": UdpTunnelRequest(encapsulation=41).encode(),
    "skipped": UdpTunnelRequest().encode()[:-1] + b"\1",
}
"""Among the signatures: UDP Tunnel Requests; Reserved 3 of the last is not 0."""
TUNNELS: dict[str, Any] = {
    "reverse_tunnel": ReverseTunnels.ALLOWED,
    "encapsulations": tuple(Encapsulation),
    "nat_traversal": True,
}
SUPPORT, VENDOR = "support", "vendor"
"""Among the signatures: a Revocation Support extension, and a vendor's that nobody knows."""
SOURCES = ["192.0.2.2", FOREIGN_AGENT, "10.1.0.10", "0.0.0.0"]
WRONG = MobilitySecurityAssociation(spi=256, key=b"somebody else's")
UNKNOWN_SPI = MobilitySecurityAssociation(spi=999, key=KEY)
SIGNATURES = {
    "right": (MobileHomeAuthentication, MOBILE_HOME),
    "wrong": (MobileHomeAuthentication, WRONG),
    "unknown": (MobileHomeAuthentication, UNKNOWN_SPI),
    "relay": (ForeignHomeAuthentication, FOREIGN_HOME),
    "wrong relay": (ForeignHomeAuthentication, MobilitySecurityAssociation(spi=400, key=b"no agent's")),
}


class HomeAgents(RuleBasedStateMachine):
    """Two home agents, one world."""

    @initialize(maximum_bindings=st.sampled_from([1, 3]), tunnels=st.booleans(), grace=st.sampled_from([0.0, 2.0]))
    def begin(self, maximum_bindings: int, tunnels: bool, grace: float) -> None:
        served = (*HOMES[:2], str(OUTSIDER))
        self.trial = Trial(
            maximum_lifetime=600,
            maximum_simultaneous_bindings=maximum_bindings,
            mobile_nodes=tuple(
                MobileNodeEntry(home_address=IPv4Address(home), associations=(MOBILE_HOME,)) for home in served
            ),
            foreign_agents=((IPv4Address(FOREIGN_AGENT), FOREIGN_HOME),),
            revocation=True,
            handover_grace=grace,
            **(TUNNELS if tunnels else {}),
        )
        self.dumb = DumbHomeAgent(
            str(HOME_AGENT),
            str(HOME_NETWORK),
            {home: {MOBILE_HOME.spi: MOBILE_HOME.key} for home in served},
            {FOREIGN_AGENT: (FOREIGN_HOME.spi, FOREIGN_HOME.key)},
            600,
            maximum_bindings,
            tunnels,
            grace,
        )
        self.sent: list[tuple[bytes, str, str]] = []

    @rule(
        home=st.sampled_from(HOMES),
        agent=st.sampled_from([str(HOME_AGENT)] * 8 + ["10.9.0.1", *OPEN]),
        care_of=st.sampled_from(CARE_OF + HOMES[:1]),
        lifetime=st.sampled_from([0, 1, 5, 60, 601, 65535]),
        flags=st.fixed_dictionaries(
            {
                "simultaneous_bindings": st.booleans(),
                "minimal_encapsulation": st.sampled_from([False] * 9 + [True]),
                "gre_encapsulation": st.sampled_from([False] * 9 + [True]),
                "reverse_tunneling": st.sampled_from([False] * 9 + [True]),
                "broadcast_datagrams": st.booleans(),
                "decapsulation_by_mobile_node": st.booleans(),
                "reserved_r": st.booleans(),
            }
        ),
        ahead=st.sampled_from([0.0] * 6 + [6.9, -6.9, 7.1, -3600.0, 3600.0]),
        signatures=st.sampled_from(
            [("right",)] * 6
            + [("right", "relay")] * 3
            + [("right", SUPPORT, "relay")] * 4
            + [("right", SUPPORT), ("right", "relay", SUPPORT), ("right", SUPPORT, "wrong relay"), (SUPPORT, "right")]
            + [(VENDOR, "right"), ("right", VENDOR), ("right", VENDOR, "relay"), ("right", "relay", VENDOR)]
            + [("nat", "right")] * 4
            + [("forced", "right"), ("through", "right"), ("through", "right", "relay"), ("skipped", "right")]
            + [("nat in gre", "right"), ("nat in 41", "right"), ("right", "nat"), ("right", "nat", "relay")]
            + [("right", "relay", "nat"), ("right", "nat in 41", "relay"), ("right", "nat", "wrong relay")]
            + [(), ("wrong",), ("unknown",), ("right", "right"), ("right", "wrong relay"), ("wrong", "relay")]
        ),
        source=st.sampled_from(SOURCES),
        destination=st.sampled_from([str(HOME_AGENT)] * 8 + ["10.1.0.255", "255.255.255.255"]),
        tail=st.sampled_from([b""] * 8 + [b"\x00", b"\xc8\x01\x07", b"\x7e\x01\x07", b"\x20"]),
    )
    def request(
        self,
        home: str,
        agent: str,
        care_of: str,
        lifetime: int,
        flags: dict[str, Any],
        ahead: float,
        signatures: tuple[str, ...],
        source: str,
        destination: str,
        tail: bytes,
    ) -> None:
        """A new Request, well made or not."""
        message = registration_request(
            home_address=IPv4Address(home),
            home_agent=IPv4Address(agent),
            care_of_address=IPv4Address(care_of),
            lifetime=lifetime,
            identification=self._clock(ahead),
            **flags,
        )
        octets = encode_message(message)
        for name in signatures:
            if name == SUPPORT:
                octets += RevocationSupport(high(self._clock(ahead)), inform=True).encode()
            elif name == VENDOR:
                octets += CriticalVendorExtension(vendor=9, vendor_type=1).encode()
            elif name in UDP:
                octets += UDP[name]
            else:
                octets = sign(octets, *SIGNATURES[name])
        self._deliver(octets + tail, source, destination)

    @rule(which=st.integers(0, 30), source=st.sampled_from(SOURCES))
    def replay(self, which: int, source: str) -> None:
        """Octets that were sent before, from anywhere."""
        if self.sent:
            octets, _, destination = self.sent[which % len(self.sent)]
            self._deliver(octets, source, destination)

    @rule(
        home=st.sampled_from(HOMES[:2]),
        agent=st.sampled_from([str(HOME_AGENT)] * 5 + ["10.9.0.1"]),
        care_of=st.sampled_from([FOREIGN_AGENT] * 5 + CARE_OF[:2]),
        ahead=st.sampled_from([0.0, 1.0, 2.0, -1.0, -3600.0]),
        signature=st.sampled_from(["relay"] * 6 + ["wrong relay", "right"]),
        source=st.sampled_from([FOREIGN_AGENT] * 5 + SOURCES[:1]),
        from_home=st.sampled_from([False] * 6 + [True]),
    )
    def revocation(
        self, home: str, agent: str, care_of: str, ahead: float, signature: str, source: str, from_home: bool
    ) -> None:
        """A foreign agent's Revocation, or what looks like one."""
        message = RegistrationRevocation(
            from_home_agent=from_home,
            home_address=IPv4Address(home),
            home_domain_address=IPv4Address(agent),
            foreign_domain_address=IPv4Address(care_of),
            revocation_identifier=high(self._clock(ahead)),
        )
        octets = sign(encode_message(message), *SIGNATURES[signature])
        wanted = self.dumb.revocation(octets, source, self.trial.boot)
        outcome = self.trial.receive(octets, source=IPv4Address(source))
        answers = [decode_message(sent.octets).message for sent in outcome.messages]
        assert [type(answer) for answer in answers] == [RevocationAcknowledgment] * wanted

    @rule(which=st.integers(0, 30), place=st.integers(0, 100), bit=st.integers(0, 7))
    def mangle(self, which: int, place: int, bit: int) -> None:
        """Octets that were sent before, with one bit turned."""
        if self.sent:
            octets, source, destination = self.sent[which % len(self.sent)]
            place %= len(octets)
            changed = octets[:place] + bytes((octets[place] ^ 1 << bit,)) + octets[place + 1 :]
            self._deliver(changed, source, destination)

    @rule(seconds=st.sampled_from([0.001, 0.5, 1.0, 4.9, 30.0, 599.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.trial.wait(seconds)
        self.dumb.time(self.trial.boot)

    @invariant()
    def same_bindings(self) -> None:
        """Who is bound where, and until when."""
        if not hasattr(self, "trial"):
            return
        ours = {(b.home_address, b.care_of_address): b.expires_at for b in self.trial.bindings}
        wanted = {
            (home, care_of): end for home, of_one in self.dumb.bindings.items() for care_of, end in of_one.items()
        }
        assert ours == wanted
        ends = {
            (b.home_address, b.care_of_address): (
                str(b.tunnel.remote),
                b.tunnel.udp.remote if b.tunnel.udp else None,
                b.tunnel.encapsulation.value,
            )
            for b in self.trial.bindings
        }
        assert ends == {name: self.dumb.ends[name] for name in wanted}

    @invariant()
    def same_ways_back(self) -> None:
        """From where each mobile node's packets are taken, and until when."""
        if not hasattr(self, "trial"):
            return
        exits = [w for w in self.trial.agent.forwarding().wishes.values() if isinstance(w, ReverseExit)]
        ours = {
            (e.home_address, (str(e.tunnel.remote), e.tunnel.udp.remote if e.tunnel.udp else None)): e.expires_at
            for e in exits
        }
        assert ours == {(h, way): end for h in self.dumb.keys for way, end in self.dumb.ways_back(h).items()}

    def _clock(self, ahead: float = 0.0) -> int:
        return (NTP + round((self.trial.boot + ahead) * 2**32)) % 2**64

    def _deliver(self, octets: bytes, source: str, destination: str) -> None:
        self.sent.append((octets, source, destination))
        try:
            decode_message(octets)
        except DecodeError:
            # One bit makes an extension of another, which may be one that the dumb one skips, whatever its form.
            if has_others(octets):
                return
            assert self.dumb.request(octets, source, destination, self.trial.boot, self._clock()) == SILENCE
            return
        wanted = self.dumb.request(octets, source, destination, self.trial.boot, self._clock())
        outcome = self.trial.receive(octets, source=IPv4Address(source), destination=IPv4Address(destination))
        replies = [sent for sent in outcome.messages if sent.octets[0] == RegistrationReply.TYPE]
        assert self._answer(octets, replies, wanted) == wanted

    def _answer(self, octets: bytes, messages: list[SendMessage], wanted: Answer) -> Answer:
        if not messages:
            return SILENCE
        (message,) = messages
        reply = decode_message(message.octets).message
        assert isinstance(reply, RegistrationReply)
        asked = int.from_bytes(octets[16:24])
        assert low(reply.identification) == low(asked)
        assert reply.home_agent == HOME_AGENT
        assert int(reply.home_address) == int.from_bytes(octets[4:8])
        if wanted.seconds is None:
            assert high(reply.identification) == high(asked)
        seconds = high(reply.identification) if wanted.seconds is not None else None
        for_agent = any(isinstance(each, ForeignHomeAuthentication) for each in reply.extensions)
        return Answer(reply.code, reply.lifetime, seconds, for_agent)


TestHomeAgents = HomeAgents.TestCase
TestHomeAgents.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
