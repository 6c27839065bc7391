"""Attackers: a station on every foreign network that hears all frames and can send anything, with any source, there and
into the core. It knows no key. Forged replies and denials come at the attack's rate, and at once behind some of the
requests that are heard, before the true answer can be there.

Every message that it makes bears the name of its attack, so that `invariants.py` can compare before and after.
"""

from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address
from random import Random

import msgspec

from mobileip.agents.events import Link
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.sim.chance import generator, poisson
from mobileip.sim.clock import HostClock
from mobileip.sim.network import Network, Port, Segment
from mobileip.sim.packet import ADVERTISEMENT, OTHER, REPLY, REQUEST, SOLICITATION, Packet, kind_of_message
from mobileip.sim.world import AGENT_SPI, SPI, World
from mobileip.wire.agent_discovery import (
    AgentAdvertisement,
    AgentSolicitation,
    MobilityAgentAdvertisementExtension,
    PrefixLengthsExtension,
    RouterAddress,
    encode_icmp,
)
from mobileip.wire.extensions.authentication import ForeignHomeAuthentication, MobileHomeAuthentication
from mobileip.wire.message import Decoded, Message, decode_message, encode_message
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

MOST_CAPTURED = 64
REPLY_LENGTH = 20
"""Octets of a Registration Reply without extensions."""
ALL_SYSTEMS = (IPv4Address("224.0.0.1"), bytes.fromhex("01005e000001"))
ALL_ROUTERS = (IPv4Address("224.0.0.2"), bytes.fromhex("01005e000002"))
CORE_NAME = "attacker"
REACTION = 0.3
"""Part of the requests that are answered by the attacker at once."""
REACTION_TIME = 0.0001
WRONG_KEY = bytes(range(100, 116))
FOREIGN_AGENTS_DENIALS = (
    ReplyCode.FA_INSUFFICIENT_RESOURCES,
    ReplyCode.FA_REGISTRATION_TIMEOUT,
    ReplyCode.FA_MOBILE_NODE_FAILED_AUTHENTICATION,
    ReplyCode.FA_POORLY_FORMED_REQUEST,
)
"""RFC 5944 asks for no authenticator in these."""
HOME_AGENTS_WORDS = (
    ReplyCode.ACCEPTED,
    ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED,
    ReplyCode.HA_IDENTIFICATION_MISMATCH,
    ReplyCode.HA_UNKNOWN_HOME_AGENT_ADDRESS,
    ReplyCode.HA_MOBILE_NODE_FAILED_AUTHENTICATION,
)
"""These must be authentic."""


class Attacker:
    """One station. Implements `network.Station`."""

    def __init__(self, number: int, segment: Segment, on_request: Callable[["Attacker", Packet], None]) -> None:
        self.name = f"attacker{number}"
        self.segment = segment
        self.address = segment.prefix[66]
        link = Link(name="eth0", index=2, carrier=True, link_address=b"\x02\x66" + number.to_bytes(4))
        self.port = Port(self, link)
        self.port.segment = segment
        self.captured: deque[Packet] = deque(maxlen=MOST_CAPTURED)
        self._on_request = on_request
        segment.listeners.append(self.port)

    def hear(self, port: Port | None, packet: Packet) -> None:
        # A reply without extensions is a denial that anybody could have made.
        is_signed = packet.kind == REQUEST or (packet.kind == REPLY and len(packet.payload) > REPLY_LENGTH)
        if is_signed and packet.attack is None:
            # A copy: the original goes on and is given other addresses.
            self.captured.append(msgspec.structs.replace(packet))
            if packet.kind == REQUEST:
                self._on_request(self, self.captured[-1])

    @property
    def agent(self) -> Port:
        """The foreign agent's port of this network."""
        return next(iter(self.segment.agents.values()))


class Attackers:
    """All attackers of a world, until `until`."""

    def __init__(self, world: World, until: float) -> None:
        self._world = world
        self._until = until
        self._chance: Random = generator(world.scenario.seed, "attackers")
        self._homes = tuple(home.address for home in world.homes)
        self._attackers = (
            [Attacker(n, world.network.segments[host.name], self._react) for n, host in enumerate(world.foreign)]
            if world.scenario.attack.any
            else []
        )
        self.sent: dict[str, int] = {}
        """Messages by attack."""

    def start(self) -> None:
        attack = self._world.scenario.attack
        kinds: dict[str, tuple[float, Callable[[Attacker], None]]] = {
            "replay": (attack.replay, self._replay),
            "forge": (attack.forge, self._forge),
            "reflect": (attack.reflect, self._reflect),
            "deny": (attack.deny, self._deny),
            "advertise": (attack.advertise, self._advertise),
            "flood": (attack.flood, self._flood),
        }
        for rate, act in kinds.values():
            if rate:
                self._plan((rate, act))

    def _plan(self, repetition: tuple[float, Callable[[Attacker], None]]) -> None:
        at = self._world.schedule.now + poisson(self._chance, 1.0 / repetition[0])
        if at < self._until:
            self._world.schedule.at(at, self._act, repetition)

    def _act(self, repetition: tuple[float, Callable[[Attacker], None]]) -> None:
        repetition[1](self._attackers[self._chance.randrange(len(self._attackers))])
        self._plan(repetition)

    def _react(self, attacker: Attacker, request: Packet) -> None:
        attack = self._world.scenario.attack
        if self._world.schedule.now >= self._until:
            return
        for rate, act in ((attack.forge, self._answer), (attack.deny, self._deny_one)):
            if rate and self._chance.random() < REACTION:
                self._world.schedule.after(REACTION_TIME, _now_act, (act, attacker, request))

    # -- attacks

    def _replay(self, attacker: Attacker) -> None:
        """What was heard, again: from its sender's link-layer address or from the attacker's, or through the core."""
        heard = self._heard(attacker)
        if heard is None:
            return
        kind, link_destination = heard.kind, heard.link_destination or b""
        way = self._chance.randrange(3)
        if way == 2:
            self._into_core(heard.payload, "replay", *self._beyond(attacker, heard))
            return
        link_source = heard.link_source if way else attacker.port.link_address
        copy = msgspec.structs.replace(heard, attack="replay", link_source=link_source, kind=kind, event=None)
        self._frame(attacker, link_destination, copy)

    def _beyond(self, attacker: Attacker, heard: Packet) -> tuple[IPv4Address, IPv4Address]:
        """Source and destination on the other side of the foreign agent."""
        care_of = self._care_of(attacker)
        message = decode_message(heard.payload).message
        home_agent = message.home_agent if isinstance(message, RegistrationRequest | RegistrationReply) else care_of
        return (care_of, home_agent) if heard.kind == REQUEST else (home_agent, care_of)

    def _forge(self, attacker: Attacker) -> None:
        """A message with another care-of address or lifetime, signed with a wrong key, or not, or as the original."""
        heard = self._heard(attacker)
        if heard is None:
            return
        decoded = decode_message(heard.payload)
        octets = self._forged(attacker, decoded)
        if octets is None:
            return
        if heard.kind == REQUEST and self._chance.random() < 0.5:
            self._into_core(octets, "forge", *self._beyond(attacker, heard))
        elif heard.kind == REPLY and self._world.scenario.foreign.keys and self._chance.random() < 0.5:
            # Without an association a foreign agent can't know: RFC 5944 leaves that to Foreign-Home Authentication.
            self._into_core(octets, "forge", *self._beyond(attacker, heard))
        else:
            copy = msgspec.structs.replace(heard, attack="forge", payload=octets, event=None)
            self._frame(attacker, heard.link_destination or b"", copy)

    def _answer(self, attacker: Attacker, request: Packet) -> None:
        """A forged Reply to a request that has just been heard, faster than the true one."""
        octets = self._reply_to(request, HOME_AGENTS_WORDS)
        if octets is None:
            return
        if self._chance.random() < 0.7:
            octets = sign(octets, MobileHomeAuthentication, MobilitySecurityAssociation(spi=SPI, key=WRONG_KEY))
        self._frame(attacker, request.link_source or b"", _answer_to(attacker, request, octets, "forge"))

    def _reply_to(self, request: Packet, codes: tuple[ReplyCode, ...]) -> bytes | None:
        """An unsigned Reply with one of these codes that fits all else of what was heard; None: no Request was."""
        message = decode_message(request.payload).message
        if request.link_source is None or not isinstance(message, RegistrationRequest):
            return None
        return encode_message(
            RegistrationReply(
                code=self._chance.choice(codes),
                lifetime=message.lifetime,
                home_address=message.home_address,
                home_agent=message.home_agent,
                identification=message.identification,
            )
        )

    def _forged(self, attacker: Attacker, decoded: Decoded[Message]) -> bytes | None:
        message = decoded.message
        if isinstance(message, RegistrationRequest):
            bare: Message = msgspec.structs.replace(
                message,
                care_of_address=attacker.address,
                lifetime=self._chance.choice((0, 60, 65534)),
                # What was heard, or what is fresh, or anything.
                identification=self._chance.choice((message.identification, self._now(), self._chance.getrandbits(64))),
                extensions=(),
            )
        elif isinstance(message, RegistrationReply):
            bare = msgspec.structs.replace(
                message,
                code=self._chance.choice((0, 0, 133, 136)),
                lifetime=self._chance.choice((0, 65534)),
                extensions=(),
            )
        else:
            return None
        octets = encode_message(bare)
        way = self._chance.randrange(3)
        if way == 0:
            return octets
        if way == 1:
            # What was signed, behind what was not.
            return octets + decoded.octets[len(octets) :]
        octets = sign(octets, MobileHomeAuthentication, MobilitySecurityAssociation(spi=SPI, key=WRONG_KEY))
        if self._chance.random() < 0.5:
            octets = sign(octets, ForeignHomeAuthentication, MobilitySecurityAssociation(spi=AGENT_SPI, key=WRONG_KEY))
        return octets

    def _reflect(self, attacker: Attacker) -> None:
        """A message back to the one that sent it."""
        heard = self._heard(attacker)
        if heard is None or heard.link_source is None:
            return
        source, destination = self._beyond(attacker, heard)
        if self._chance.random() < 0.5:
            self._into_core(heard.payload, "reflect", destination, source)
            return
        copy = msgspec.structs.replace(
            heard,
            attack="reflect",
            source=heard.destination,
            destination=heard.source,
            source_port=heard.destination_port,
            destination_port=heard.source_port,
            link_source=attacker.port.link_address,
            event=None,
        )
        self._frame(attacker, heard.link_source, copy)

    def _deny(self, attacker: Attacker) -> None:
        heard = self._heard(attacker)
        if heard is not None:
            self._deny_one(attacker, heard)

    def _deny_one(self, attacker: Attacker, request: Packet) -> None:
        """A denial in the foreign agent's name: those bear no authentication."""
        octets = self._reply_to(request, FOREIGN_AGENTS_DENIALS)
        if octets is not None:
            self._frame(attacker, request.link_source or b"", _answer_to(attacker, request, octets, "deny"))

    def _advertise(self, attacker: Attacker) -> None:
        """An advertisement: of an agent that is none, or in the name of the one that is there (a reboot, a farewell).

        Its lifetime is what agents here use: believed for longer, it would only harm for longer.
        """
        chance, segment = self._chance, attacker.segment
        real = chance.random() < 0.5
        source = segment.gateway if real else chance.choice((attacker.address, self._homes[0]))
        is_home = not real and source != attacker.address
        mobility = MobilityAgentAdvertisementExtension(
            sequence_number=chance.choice((0, 5, 40000)),
            registration_lifetime=600,
            home_agent=is_home,
            foreign_agent=not is_home,
            care_of_addresses=() if is_home else (self._care_of(attacker) if real else attacker.address,),
            busy=not is_home and chance.random() < 0.3,
        )
        message = AgentAdvertisement(
            lifetime=0 if chance.random() < 0.3 else self._world.scenario.foreign.lifetime,
            routers=(RouterAddress(source),),
            extensions=(mobility, PrefixLengthsExtension((24,))),
        )
        packet = Packet(
            kind=ADVERTISEMENT,
            payload=encode_icmp(message),
            source=source,
            destination=ALL_SYSTEMS[0],
            ttl=1,
            attack="advertise",
            link_source=attacker.agent.link_address if real else attacker.port.link_address,
        )
        self._frame(attacker, ALL_SYSTEMS[1], packet)

    def _flood(self, attacker: Attacker) -> None:
        """Requests of nodes that do not exist, solicitations, and octets that are no message."""
        chance = self._chance
        link_source = b"\x02\x67" + chance.randbytes(4)
        home_agent = chance.choice(self._homes)
        match chance.randrange(4):
            case 0:
                payload = chance.randbytes(chance.randrange(1, 200))
            case 1:
                packet = Packet(
                    kind=SOLICITATION,
                    payload=encode_icmp(AgentSolicitation()),
                    source=IPv4Address(chance.getrandbits(32)),
                    destination=ALL_ROUTERS[0],
                    ttl=1,
                    attack="flood",
                    link_source=link_source,
                )
                self._frame(attacker, ALL_ROUTERS[1], packet)
                return
            case _:
                request = RegistrationRequest(
                    lifetime=chance.choice((0, 300)),
                    home_address=IPv4Address(0x0A000000 + chance.getrandbits(16)),
                    home_agent=home_agent,
                    care_of_address=self._care_of(attacker),
                    identification=chance.getrandbits(64),
                )
                association = MobilitySecurityAssociation(spi=SPI, key=WRONG_KEY)
                payload = sign(encode_message(request), MobileHomeAuthentication, association)
        if chance.random() < 0.3:
            self._into_core(payload, "flood", attacker.address, home_agent)
            return
        packet = Packet(
            kind=kind_of_message(payload),
            payload=payload,
            source=IPv4Address(0x0A000000 + chance.getrandbits(16)),
            destination=attacker.segment.gateway,
            ttl=255,
            attack="flood",
            link_source=link_source,
        )
        self._frame(attacker, attacker.agent.link_address, packet)

    # -- sending

    def _now(self) -> int:
        """The true time, as an Identification."""
        return HostClock().instant(self._world.schedule.now).ntp

    def _heard(self, attacker: Attacker) -> Packet | None:
        captured = attacker.captured
        return captured[self._chance.randrange(len(captured))] if captured else None

    def _care_of(self, attacker: Attacker) -> IPv4Address:
        host = next(host for host in self._world.foreign if host.name == attacker.segment.name)
        return host.care_of_address or attacker.address

    def _frame(self, attacker: Attacker, link_destination: bytes, packet: Packet) -> None:
        self._count(packet.attack or OTHER)
        self._network.frame(attacker.port, link_destination, packet)

    def _into_core(self, octets: bytes, attack: str, source: IPv4Address, destination: IPv4Address) -> None:
        self._count(attack)
        packet = Packet(
            kind=kind_of_message(octets), payload=octets, source=source, destination=destination, attack=attack
        )
        self._network.route(CORE_NAME, None, packet)

    @property
    def _network(self) -> Network:
        return self._world.network

    def _count(self, attack: str) -> None:
        self.sent[attack] = self.sent.get(attack, 0) + 1


def _now_act(reaction: tuple[Callable[[Attacker, Packet], None], Attacker, Packet]) -> None:
    act, attacker, request = reaction
    act(attacker, request)


def _answer_to(attacker: Attacker, request: Packet, octets: bytes, attack: str) -> Packet:
    """In the name of the foreign agent that was asked."""
    return Packet(
        kind=REPLY,
        payload=octets,
        source=request.destination,
        destination=request.source,
        attack=attack,
        link_source=attacker.agent.link_address,
    )
