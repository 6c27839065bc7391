"""The foreign agent against the dumb one: any Requests, Replies and revocations at any times, and the same octets
leave, the same Requests are pending, the same visitors are there after each."""

from ipaddress import IPv4Address
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.model.dumb_foreign_agent import DumbForeignAgent, Sent
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    FOREIGN_HOME,
    LINK,
    MAC,
    MOBILE_FOREIGN,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    UPLINK,
    agent_of,
    playbook,
)
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_HOME,
    NTP,
    arrived,
    instant,
    registration_reply,
    registration_request,
)

from mobileip.agents.foreign.config import ReverseTunnels
from mobileip.agents.outputs import SendMessage
from mobileip.forwarding.model import VisitorRoute
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.errors import DecodeError
from mobileip.wire.extensions.authentication import (
    ForeignHomeAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.nai import MobileNodeNai
from mobileip.wire.extensions.revocation_support import RevocationSupport
from mobileip.wire.identification import high
from mobileip.wire.message import decode_message, encode_message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation

NOWHERE = IPv4Address(0)
KNOWN = (RegistrationRequest, RegistrationReply, RegistrationRevocation)
UNDERSTOOD = {0, 32, 33, 34, 130, 131, 137, 200}
"""Extensions that the dumb agent knows how to read; flipped bits make others."""
GUESSED = MobilitySecurityAssociation(spi=FOREIGN_HOME.spi, key=b"guessed")
SIGNATURES = {
    "home": (MobileHomeAuthentication, MOBILE_HOME),
    "node": (MobileForeignAuthentication, MOBILE_FOREIGN),
    "wrong node": (MobileForeignAuthentication, GUESSED),
    "agents": (ForeignHomeAuthentication, FOREIGN_HOME),
    "wrong agents": (ForeignHomeAuthentication, GUESSED),
}
RIGHT = ("right",)
"""What makes a message believed, whatever that is."""
MACS = [MAC, OTHER_MAC, b"\x02\x00\x00\x00\x00\x12"]
HOMES = [HOME_ADDRESS, OTHER_HOME_ADDRESS, IPv4Address("10.1.0.11")]
STRANGE_HOMES = [NOWHERE, AGENT_ADDRESS, IPv4Address("127.0.0.1")]
AGENTS = [HOME_AGENT, OTHER_HOME_AGENT]
STRANGE_AGENTS = [NOWHERE, IPv4Address("255.255.255.255"), CARE_OF_ADDRESS, IPv4Address("224.0.0.9")]
CARE_OF = [CARE_OF_ADDRESS] * 4 + [IPv4Address("198.51.100.77")]
NAMES: list[tuple[Extension, ...]] = [()] * 3 + [(MobileNodeNai(f"{who}@example.net"),) for who in ("one", "two")]
LIMITS = {"lifetime": 1800, "visitors": 2, "pending": 2, "total": 4}


class ForeignAgents(RuleBasedStateMachine):
    """Two foreign agents, one world."""

    @initialize(
        shared=st.sampled_from([True, True, False]),
        keyed=st.booleans(),
        default=st.booleans(),
        revocation=st.sampled_from([True, True, False]),
        reverse=st.sampled_from([True, True, False]),
        early=st.sampled_from([True, True, False]),
    )
    def begin(self, shared: bool, keyed: bool, default: bool, revocation: bool, reverse: bool, early: bool) -> None:
        agents = {HOME_AGENT: FOREIGN_HOME} if shared else {}
        nodes = {HOME_ADDRESS: MOBILE_FOREIGN} if keyed else {}
        self.shared, self.keyed, self.reverse = shared, keyed, reverse
        self.play = playbook(
            home_agents=tuple(agents.items()),
            mobile_nodes=tuple(nodes.items()),
            default_home_agent=HOME_AGENT if default else None,
            revocation=revocation,
            reverse_tunnel=ReverseTunnels.OFFERED if reverse else ReverseTunnels.OFF,
            early_delivery=early,
            registration_lifetime=LIMITS["lifetime"],
            maximum_visitors=LIMITS["visitors"],
            maximum_pending=LIMITS["pending"],
            maximum_pending_total=LIMITS["total"],
        )
        self.dumb = DumbForeignAgent(
            [str(CARE_OF_ADDRESS), str(AGENT_ADDRESS)],
            {str(peer): (association.spi, association.key) for peer, association in agents.items()},
            {str(peer): (association.spi, association.key) for peer, association in nodes.items()},
            str(HOME_AGENT) if default else None,
            revocation,
            reverse,
            early,
            LIMITS,
        )
        self.sent: list[tuple[bytes, dict[str, Any]]] = []
        self.number = 100

    @rule(
        home=st.sampled_from(HOMES * 6 + STRANGE_HOMES + [NOWHERE] * 3),
        agent=st.sampled_from([HOME_AGENT] * 12 + AGENTS * 3 + STRANGE_AGENTS),
        care_of=st.sampled_from(CARE_OF),
        lifetime=st.sampled_from([60] * 4 + [0, 0, 3, 8, 1800, 1801]),
        flags=st.fixed_dictionaries(
            {
                "decapsulation_by_mobile_node": st.sampled_from([False] * 4 + [True]),
                "gre_encapsulation": st.sampled_from([False] * 15 + [True]),
                "reverse_tunneling": st.sampled_from([False] * 3 + [True]),
                "reserved_r": st.booleans(),
            }
        ),
        number=st.integers(0, 9),
        names=st.sampled_from(NAMES),
        offers=st.sampled_from([False] * 15 + [True]),
        signatures=st.sampled_from(
            [RIGHT] * 12 + [("home",), ("home", "node"), (), ("home", "wrong node"), ("home", "node", "node")]
        ),
        mac=st.sampled_from(MACS),
        tail=st.sampled_from([b""] * 6 + [b"\x00", b"\xc8\x01\x07", b"\x82\x00"]),
        ttl=st.sampled_from([255] * 5 + [254, 64]),
    )
    def request(
        self,
        home: IPv4Address,
        agent: IPv4Address,
        care_of: IPv4Address,
        lifetime: int,
        flags: dict[str, Any],
        number: int,
        names: tuple[Extension, ...],
        offers: bool,
        signatures: tuple[str, ...],
        mac: bytes,
        tail: bytes,
        ttl: int,
    ) -> None:
        """A new Request, well made or not."""
        message = registration_request(
            home_address=home,
            home_agent=agent,
            care_of_address=care_of,
            lifetime=lifetime,
            identification=NTP + number,
            extensions=names + ((RevocationSupport(7),) if offers else ()),
            **flags,
        )
        if signatures == RIGHT:
            signatures = ("home", "node") if self.keyed and home == HOME_ADDRESS else ("home",)
        self._deliver(_signed(encode_message(message), signatures) + tail, mac=mac, ttl=ttl)

    @rule(
        which=st.sampled_from([0] * 8 + [1, 2, 3]),
        code=st.sampled_from([0] * 9 + [1, 129, 136]),
        lifetime=st.sampled_from([None] * 6 + [0, 30, 3000]),
        home=st.sampled_from([None] * 18 + HOMES + STRANGE_HOMES),
        agent=st.sampled_from([None] * 20 + AGENTS + [NOWHERE]),
        source=st.sampled_from([None] * 20 + AGENTS),
        named=st.sampled_from([True] * 9 + [False]),
        parts=st.sampled_from(
            [RIGHT] * 14
            + [("home",), ("home", "agents"), (), ("agents",), ("home", "wrong agents")]
            + [("home", "agents", "agents"), ("home", "agents", "support")]
        ),
    )
    def reply(
        self,
        which: int,
        code: int,
        lifetime: int | None,
        home: IPv4Address | None,
        agent: IPv4Address | None,
        source: IPv4Address | None,
        named: bool,
        parts: tuple[str, ...],
    ) -> None:
        """A Reply to one of the latest Requests that wait for it, well made or not."""
        if not self.dumb.pending:
            return
        asked = self.dumb.pending[-1 - which % len(self.dumb.pending)]
        relayed_to = asked.to
        own = asked.home if asked.home != NOWHERE else HOMES[which % 3]
        names = (MobileNodeNai(asked.nai.decode()),) if asked.nai is not None and named else ()
        message = registration_reply(
            code=code,
            lifetime=asked.lifetime if lifetime is None else lifetime,
            home_address=own if home is None else home,
            home_agent=relayed_to if agent is None else agent,
            identification=asked.identification,
            extensions=names,
        )
        if parts == RIGHT:
            parts = ("home", "support", "agents") if self.shared and relayed_to == HOME_AGENT else ("home",)
        self._deliver(_signed(encode_message(message), parts), source=str(source or relayed_to))

    @rule(
        home=st.sampled_from([*HOMES, NOWHERE]),
        agent=st.sampled_from([HOME_AGENT] * 4 + [OTHER_HOME_AGENT]),
        care_of=st.sampled_from([CARE_OF_ADDRESS] * 5 + HOMES[:1]),
        lifetime=st.sampled_from([60, 60, 60, 0]),
        mac=st.sampled_from(MACS),
        asks=st.sampled_from([1, 1, 2]),
        tunnelled=st.booleans(),
        answered=st.sampled_from([True, True, False]),
    )
    def visit(
        self,
        home: IPv4Address,
        agent: IPv4Address,
        care_of: IPv4Address,
        lifetime: int,
        mac: bytes,
        asks: int,
        tunnelled: bool,
        answered: bool,
    ) -> None:
        """A registration or deregistration as it should be, asked for once or twice, and its Reply."""
        names = NAMES[-1] if home == NOWHERE else ()
        signatures = ("home", "node") if self.keyed and home == HOME_ADDRESS else ("home",)
        own = HOMES[2] if home == NOWHERE else home
        fields: dict[str, Any] = {"home_agent": agent, "lifetime": lifetime, "extensions": names}
        for _ in range(asks):
            self.number += 1
            fields["identification"] = NTP + self.number
            request = registration_request(
                home_address=home, care_of_address=care_of, reverse_tunneling=tunnelled and self.reverse, **fields
            )
            self._deliver(_signed(encode_message(request), signatures), mac=mac)
        is_bound = self.shared and agent == HOME_AGENT and lifetime > 0 and care_of == CARE_OF_ADDRESS
        parts = ("home", "support", "agents") if is_bound else ("home",)
        if answered:
            reply = registration_reply(home_address=own, **fields)
            self._deliver(_signed(encode_message(reply), parts), source=str(agent))

    @rule(
        home=st.sampled_from(HOMES),
        agent=st.sampled_from([HOME_AGENT] * 9 + [OTHER_HOME_AGENT]),
        care_of=st.sampled_from(CARE_OF * 2),
        from_home_agent=st.sampled_from([True] * 9 + [False]),
        seconds=st.sampled_from([-1, 0, 1, 2, 3, 500]),
        parts=st.sampled_from([("agents",)] * 9 + [(), ("wrong agents",), ("home",), ("agents", "agents")]),
    )
    def revocation(
        self,
        home: IPv4Address,
        agent: IPv4Address,
        care_of: IPv4Address,
        from_home_agent: bool,
        seconds: int,
        parts: tuple[str, ...],
    ) -> None:
        """A Revocation, well made or not, of a visitor if there is one."""
        known = self.dumb.visitors
        if known and seconds != 500:
            home, agent = list(known)[seconds % len(known)]
        elif not known and not self.dumb.revoked:
            return
        message = RegistrationRevocation(
            from_home_agent=from_home_agent,
            home_address=home,
            home_domain_address=agent,
            foreign_domain_address=care_of,
            revocation_identifier=high(NTP) + seconds,
        )
        self._deliver(_signed(encode_message(message), parts), source=str(agent))

    @rule(which=st.sampled_from([0, 0, 0, 1, 1, 2, 5, 20]), mac=st.sampled_from(MACS))
    def replay(self, which: int, mac: bytes) -> None:
        """Octets that were sent before, the latest first, from anywhere."""
        if self.sent:
            octets, where = self.sent[-1 - which % len(self.sent)]
            self._deliver(octets, **({"mac": mac} if "mac" in where else where))

    @rule(which=st.integers(0, 30), place=st.integers(0, 200), bit=st.integers(0, 7))
    def mangle(self, which: int, place: int, bit: int) -> None:
        """Octets that were sent before, with one bit turned."""
        if self.sent:
            octets, where = self.sent[which % len(self.sent)]
            place %= len(octets)
            self._deliver(octets[:place] + bytes((octets[place] ^ 1 << bit,)) + octets[place + 1 :], **where)

    @rule(seconds=st.sampled_from([0.001, 0.25, 0.5, 0.95, 1.0, 1.0, 3.0, 8.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.play.forget().wait(seconds)
        assert self._left() == self.dumb.time(self.play.now)

    @invariant()
    def same_state(self) -> None:
        """Who is a visitor and until when, and what is pending; within the limits."""
        if not hasattr(self, "play"):
            return
        snapshot = agent_of(self.play).snapshot()
        ours = {
            (v.home_address, v.home_agent, v.care_of_address, v.link_address, v.expires_at, v.reverse_tunnel, v.realm)
            for v in snapshot.visitors
        }
        wanted = {
            (home, v.agent, v.care_of, v.mac, v.end, v.reverse, v.realm) for (home, _), v in self.dumb.visitors.items()
        }
        assert ours == wanted
        pending = sorted((int(p.home_address), p.nai or "", p.identification, p.expires_at) for p in snapshot.pending)
        dumb = sorted((int(p.home), (p.nai or b"").decode(), p.identification, p.end) for p in self.dumb.pending)
        assert pending == dumb
        assert len(snapshot.visitors) <= LIMITS["visitors"]
        assert len(snapshot.pending) <= LIMITS["total"]

    @invariant()
    def same_awaited(self) -> None:
        """Who gets packets before its Reply is there."""
        if not hasattr(self, "play"):
            return
        agent = agent_of(self.play)
        visiting = {visitor.home_address for visitor in agent.snapshot().visitors}
        routes = [w for w in agent.forwarding().wishes.values() if isinstance(w, VisitorRoute)]
        ours = {r.home_address: (r.tunnel.remote, r.link_address, r.expires_at) for r in routes}
        assert {home: ours[home] for home in ours.keys() - visiting} == self.dumb.awaited

    def _deliver(self, octets: bytes, **where: Any) -> None:
        try:
            decoded = decode_message(octets)
        except DecodeError:
            return
        kinds = {octets[offset] for offset in decoded.offsets}
        if not isinstance(decoded.message, KNOWN) or kinds - UNDERSTOOD:
            return
        self.sent.append((octets, where))
        before = agent_of(self.play).snapshot().visitors
        now = self.play.now
        if isinstance(decoded.message, RegistrationRequest):
            mac = where.get("mac", MAC)
            ttl = where.get("ttl", 255)
            wanted = self.dumb.request(octets, mac, ttl, now, high(instant(now).ntp))
            event = arrived(
                octets, interface=LINK, source=HOME_ADDRESS, destination=AGENT_ADDRESS, link_source=mac, ttl=ttl
            )
        else:
            source = where.get("source", str(HOME_AGENT))
            answer = self.dumb.reply if isinstance(decoded.message, RegistrationReply) else self.dumb.revoke
            wanted = answer(octets, source, now)
            event = arrived(octets, interface=UPLINK, source=IPv4Address(source), destination=CARE_OF_ADDRESS)
        self.play.forget().given(event)
        assert self._left() == wanted
        if self.shared and not _proves(octets, decoded.offsets):
            self._unproven_changes_little(before)

    def _unproven_changes_little(self, before: tuple[Any, ...]) -> None:
        """Without an authenticator of an agent that shares one, no tunnel of its visitors begins or goes elsewhere."""
        known = {(v.home_address, v.home_agent): (v.care_of_address, v.link_address) for v in before}
        for visitor in agent_of(self.play).snapshot().visitors:
            place = (visitor.care_of_address, visitor.link_address)
            if visitor.home_agent == HOME_AGENT and visitor.care_of_address == CARE_OF_ADDRESS:
                assert known.get((visitor.home_address, visitor.home_agent)) == place

    def _left(self) -> list[Sent]:
        """What has left since the last time, but for revocations of ours."""
        messages = [output for output in self.play.outputs if isinstance(output, SendMessage)]
        return [
            (message.octets, str(message.departure.destination), message.departure.link_destination)
            for message in messages
            if message.octets[0] != RegistrationRevocation.TYPE
        ]


def _signed(octets: bytes, parts: tuple[str, ...]) -> bytes:
    for part in parts:
        if part == "support":
            octets += RevocationSupport(high(NTP), inform=True).encode()
        else:
            octets = sign(octets, *SIGNATURES[part])
    return octets


def _proves(octets: bytes, offsets: tuple[int, ...]) -> bool:
    """Whether one extension is a right Foreign-Home authenticator."""
    return any(
        octets[at : at + 22] == sign(octets[:at], *SIGNATURES["agents"])[at:] for at in offsets if octets[at] == 34
    )


TestForeignAgents = ForeignAgents.TestCase
TestForeignAgents.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
