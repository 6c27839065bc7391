"""Plays a case: a node with the roles of the case, in virtual time, alone on the stage.

Verbs of `>`: request, reply, revocation, acknowledgment, advertisement, solicitation, octets, again, link, unlink,
gateway, wait, register, deregister, revoke, failed, told, traffic, stop. Verbs of `<`: request, reply, revocation,
acknowledgment, solicitation, advertisement, arp, keepalive, install, remove, notice, discard, nothing. Facts (`=`):
what `Stage.facts` returns.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, get_args

import msgspec
from tests.conformance.discovery_words import described
from tests.conformance.language import Case, CaseError, Condition, Line, show, struct_of, value_of
from tests.conformance.parts import missing_part, octets_of
from tests.support.foreign_agent import FOREIGN_HOME, MAC, MOBILE_FOREIGN
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_HOME,
    instant,
    registration_reply,
    registration_request,
)
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, HOME, HOME_NETWORK, NODE_MAC, Agent
from tests.support.tunnel_traffic import Traffic

from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    DeliveryFailed,
    DeregisterCommanded,
    Event,
    GatewayHeard,
    Link,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    PacketsTold,
    RegisterCommanded,
    RevokeCommanded,
    SolicitationArrived,
    Started,
    Stopping,
    TimerExpired,
)
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.node import Node
from mobileip.agents.outputs import (
    AnnounceAddress,
    ChangeForwarding,
    Notify,
    Output,
    SendDiscovery,
    SendKeepalive,
    SendMessage,
)
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.news import News
from mobileip.security.association import MobilitySecurityAssociation, ReplayStyle
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation
from mobileip.wire.errors import DecodeError
from mobileip.wire.identification import difference, high, join, low
from mobileip.wire.message import Decoded, Message, decode_message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

START = 100.0
"""Boot time at which every case begins, seconds."""

MESSAGES: dict[str, type[Message]] = {
    "request": RegistrationRequest,
    "reply": RegistrationReply,
    "revocation": RegistrationRevocation,
    "acknowledgment": RevocationAcknowledgment,
}
AGENTS = {"foreign1": FOREIGN_1, "foreign2": FOREIGN_2, "home": HOME}
"""Whose advertisements a mobile node may hear."""

_PLACE = {
    "from": "source",
    "to": "destination",
    "from_port": "source_port",
    "to_port": "destination_port",
    "on": "interface",
    "ttl": "ttl",
    "frame_from": "link_source",
    "frame_to": "link_destination",
}
"""Words about where a message comes from or leaves to -> names of `Arrival` and `Departure`."""

_VISITED, _UPLINK = "visit0", "eth0"


class Stage:
    """One node and its time. `outputs` wait to be expected."""

    def __init__(self, case: Case) -> None:
        self.now = START
        self.ntp_ahead = 0.0
        self.roles = {line.verb: line.fields() for line in case.roles}
        self.associations: dict[str, MobilitySecurityAssociation] = {}
        self.outputs: list[Output] = []
        self.discarded: list[tuple[str, str]] = []
        """Reason and source of messages that could not even be decoded."""
        self.passed: list[Event | Output | tuple[bytes, Arrival]] = []
        """All that came in and went out, in order; octets that could not be decoded with where they came from."""
        self.stored: dict[str, MessageArrived] = {}
        self.request: RegistrationRequest | None = None
        """The latest that the node sent, or that was sent to it."""
        self.request_before: RegistrationRequest | None = None
        """The one before that."""
        self.request_octets = b""
        """Of the latest that the node sent."""
        self.reply: RegistrationReply | None = None
        """The latest that the node sent."""
        self.links: dict[str, Link] = {}
        self.revocation_identifier = 0
        """Of the latest Revocation that the node sent."""
        self.is_quiet = False
        """Whether advertisements to all are left out: `advertisements=no`."""
        self._entropy = 0
        self.traffic = Traffic()
        """In the tunnels of a mobile node."""
        self.node = Node(home=self._home_agent(), foreign=self._foreign_agent(), mobile=self._mobile_node())
        self.handle(Started())
        self._raise_links()
        self.outputs.clear()

    # -- the node

    def _home_agent(self) -> HomeAgent | None:
        words = self.roles.get("home_agent")
        if words is None:
            return None
        words = dict(words)
        self.is_quiet = words.pop("advertisements", "yes") == "no"
        replay = ReplayStyle(words.pop("replay", "timestamps"))
        association = msgspec.structs.replace(MOBILE_HOME, replay=replay)
        self.associations["mobile_home"] = association
        agents = value_of(words.pop("foreign_agents", ""), tuple[IPv4Address, ...])
        nodes = value_of(words.pop("mobile_nodes", str(HOME_ADDRESS)), tuple[IPv4Address, ...])
        entries = [MobileNodeEntry(home_address=address, associations=(association,)) for address in nodes]
        if "nai" in words:  # `nai=NAME`, or `nai=NAME/HOME_ADDRESS`
            nai, _, home_address = words.pop("nai").partition("/")
            own = IPv4Address(home_address) if home_address else None
            entries.append(MobileNodeEntry(nai=nai, home_address=own, associations=(association,)))
        if "keyless" in words:
            entries.append(MobileNodeEntry(home_address=IPv4Address(words.pop("keyless")), associations=()))
        pool = value_of(words.pop("address_pool", ""), tuple[IPv4Address, ...])
        config = struct_of(
            HomeAgentConfig,
            words,
            address=HOME_AGENT,
            home_network=HOME_NETWORK,
            mobile_nodes=tuple(entries),
            address_pool=pool or None,
            foreign_agents=tuple((address, FOREIGN_HOME) for address in agents),
        )
        return HomeAgent(config)

    def _foreign_agent(self) -> ForeignAgent | None:
        words = self.roles.get("foreign_agent")
        if words is None:
            return None
        words = dict(words)
        self.is_quiet = words.pop("advertisements", "yes") == "no"
        home_agents = value_of(words.pop("home_agents", ""), tuple[IPv4Address, ...])
        mobile_nodes = value_of(words.pop("mobile_nodes", ""), tuple[IPv4Address, ...])
        config = struct_of(
            ForeignAgentConfig,
            words,
            links=(_VISITED,),
            care_of_address=CARE_OF_ADDRESS,
            home_agents=tuple((address, FOREIGN_HOME) for address in home_agents),
            mobile_nodes=tuple((address, MOBILE_FOREIGN) for address in mobile_nodes),
        )
        return ForeignAgent(config)

    def _mobile_node(self) -> MobileNode | None:
        words = self.roles.get("mobile_node")
        if words is None:
            return None
        words = dict(words)
        replay = ReplayStyle(words.pop("replay", "timestamps"))
        association = msgspec.structs.replace(MOBILE_HOME, replay=replay)
        self.associations["mobile_home"] = association
        agents = value_of(words.pop("foreign_agents", ""), tuple[IPv4Address, ...])
        by_link = words.pop("agent_link_address", "")
        config = struct_of(
            MobileNodeConfig,
            words,
            home_address=HOME_ADDRESS,
            home_agent=HOME_AGENT,
            home_network=HOME_NETWORK,
            links=("eth0",),
            association=association,
            foreign_agents=tuple((address, MOBILE_FOREIGN) for address in agents),
            agent_link_addresses=(("eth0", bytes.fromhex(by_link)),) if by_link else (),
        )
        return MobileNode(config)

    def _raise_links(self) -> None:
        """Agents have their links from the start; a mobile node's come up in the case."""
        if self.node.home is not None and self.node.home.config.home_link:
            self.change_link(self.node.home.config.home_link, {"addresses": f"{HOME_AGENT}/24"})
        if self.node.foreign is not None:
            self.change_link(_VISITED, {"addresses": "198.51.100.1/24"})
            self.change_link(_UPLINK, {"addresses": f"{CARE_OF_ADDRESS}/24"})

    def handle(self, event: Event) -> None:
        """One event, with entropy of its own."""
        self._entropy += 1
        event = msgspec.structs.replace(event, entropy=self._entropy.to_bytes(4) * 8)
        outputs = self.node.handle(event, instant(self.now, self.ntp_ahead))
        self.passed += [event, *outputs]
        self.outputs += [output for output in outputs if not (self.is_quiet and _is_to_all(output))]
        for output in outputs:
            news = self.traffic.follow(output, self.now)
            if news is not None:
                self.handle(PacketsTold(news=news))
            if isinstance(output, SendMessage):
                sent = decode_message(output.octets).message
                if isinstance(sent, RegistrationRequest):
                    self.request_before, self.request = self.request, sent
                    self.request_octets = output.octets
                elif isinstance(sent, RegistrationReply):
                    self.reply = sent
                elif isinstance(sent, RegistrationRevocation):
                    self.revocation_identifier = sent.revocation_identifier

    # -- what happens

    def perform(self, line: Line) -> None:
        """One line that begins with `>`."""
        actions: dict[str, Callable[[Line], None]] = {
            **dict.fromkeys(MESSAGES, self._message),
            "octets": self._octets,
            "again": self._again,
            "advertisement": self._advertisement,
            "solicitation": self._solicitation,
            "link": lambda each: self.change_link(each.words[0] if each.words else "eth0", each.fields()),
            "unlink": lambda each: self.handle(LinkRemoved(name=each.words[0])),
            "gateway": self._gateway,
            "wait": lambda each: self._wait(float(each.words[0])),
            "clock": lambda each: setattr(self, "ntp_ahead", float(each.words[0])),
            "register": lambda _: self.handle(RegisterCommanded()),
            "deregister": lambda _: self.handle(DeregisterCommanded()),
            "revoke": lambda each: self.handle(RevokeCommanded(home_address=IPv4Address(each.words[0]))),
            "failed": self._failed,
            "told": self._told,
            "traffic": self._traffic,
            "stop": lambda _: self.handle(Stopping()),
        }
        if line.verb not in actions:
            raise CaseError(f"line {line.number}: nothing is called {line.verb}")
        actions[line.verb](line)

    def change_link(self, name: str, words: dict[str, str]) -> None:
        """The link's new picture; what is not named stays."""
        before = self.links.get(name)
        if before is None:
            own = NODE_MAC if "mobile_node" in self.roles else bytes.fromhex("020000000001")
            before = Link(name=name, index=len(self.links) + 2, carrier=True, link_address=own)
        types = {field.name: field.type for field in msgspec.structs.fields(Link)}
        changes = {field: value_of(word, types[field]) for field, word in words.items()}
        self.links[name] = msgspec.structs.replace(before, **changes)
        self.handle(LinkChanged(link=self.links[name]))

    def _gateway(self, line: Line) -> None:
        words = line.fields()
        address, link_address = IPv4Address(words["address"]), bytes.fromhex(words["link_address"])
        self.handle(GatewayHeard(interface=words.get("on", "eth0"), address=address, link_address=link_address))

    def _failed(self, line: Line) -> None:
        """An ICMP error (`type=3 code=1`) about our latest request; `quoted`: octets of it that the error has."""
        words = line.fields()
        quoted = int(words.pop("quoted", len(self.request_octets)))
        self.handle(
            DeliveryFailed(
                destination=IPv4Address(words.get("to", str(HOME_AGENT))),
                icmp_type=int(words["type"]),
                icmp_code=int(words["code"]),
                octets=self.request_octets[:quoted],
            )
        )

    def _traffic(self, line: Line) -> None:
        """Streams from now on: `sends=yes`, `hears=yes`; `answers=no`: keepalives are not answered."""
        words = {name: value_of(word, bool) for name, word in line.fields().items()}
        self.traffic.change(self.now, **words)

    def _told(self, line: Line) -> None:
        """What was seen in a tunnel: a value of `forwarding.news` by its name, about our mobile node."""
        kinds = {kind.__name__: kind for kind in get_args(News)}
        news = struct_of(kinds[line.words[0]], line.fields(), home_address=HOME_ADDRESS)
        self.handle(PacketsTold(news=news))

    def _wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.node.next_deadline()) is not None and deadline.at <= end:
            self.now = max(self.now, deadline.at)
            self.handle(TimerExpired())
        self.now = end

    def _message(self, line: Line) -> None:
        kind = MESSAGES[line.verb]
        words = line.fields()
        name = words.pop("as", None)
        ahead = float(words.pop("ahead", "0"))
        place = {_PLACE[word]: words.pop(word) for word in tuple(words) if word in _PLACE}
        if "identification" in words:
            words["identification"] = str(self._identification(words["identification"], ahead))
        if "revocation_identifier" in words:
            words["revocation_identifier"] = str(self._revocation_identifier(words["revocation_identifier"]))
        message = struct_of(kind, words, **self._defaults(kind, ahead))
        parts = line.parts if any(self._is_signature(part) for part in line.parts) else (*line.parts, "mobile_home")
        octets = octets_of(message, parts, self.associations)
        if isinstance(message, RegistrationRequest):
            self.request = message
        self._receive(octets, struct_of(Arrival, place, **self._arrival(message)), name)

    @staticmethod
    def _is_signature(part: str) -> bool:
        return part.partition(":")[0] in ("mobile_home", "foreign_home", "nothing")

    def _defaults(self, kind: type[Message], ahead: float) -> dict[str, Any]:
        if kind is RegistrationRequest:
            built: Message = registration_request(identification=self._identification("now", ahead))
        elif kind is RegistrationReply:
            asked = self.request
            built = registration_reply(
                identification=asked.identification if asked else self._identification("now", ahead),
                lifetime=asked.lifetime if asked else 1800,
                home_address=asked.home_address if asked else HOME_ADDRESS,
            )
        elif kind is RegistrationRevocation:
            built = RegistrationRevocation(
                home_address=HOME_ADDRESS,
                home_domain_address=HOME_AGENT,
                foreign_domain_address=CARE_OF_ADDRESS,
                revocation_identifier=self._seconds(),
            )
        else:
            built = RevocationAcknowledgment(home_address=HOME_ADDRESS, revocation_identifier=self._seconds())
        return {field.name: getattr(built, field.name) for field in msgspec.structs.fields(type(built))}

    def _revocation_identifier(self, word: str) -> int:
        """`now`, `now-1` (our seconds), `last` (of the latest Revocation that the node sent), a number."""
        if word == "last":
            return self.revocation_identifier
        return self._seconds() + int(word[3:] or 0) if word.startswith("now") else int(word, 0)

    def _seconds(self) -> int:
        return high(instant(self.now).ntp)

    def _identification(self, word: str, ahead: float = 0.0) -> int:
        """`now`, `now-3600`, `last` (of the latest request), `corrected` (last's low half, our seconds), a number;
        `answered`: the high half of the node's latest reply (a nonce, or corrected seconds) and another low half."""
        asked = self.request.identification if self.request else 0
        if word.startswith("now"):
            return instant(self.now, ahead + float(word[3:] or 0)).ntp
        if word == "last":
            return asked
        if word == "answered" and self.reply is not None:
            return join(high(self.reply.identification), low(asked) ^ 0x5A5A)
        if word == "other":
            return asked ^ 0x5A5A
        if word.startswith("corrected"):
            return join(high(instant(self.now, float(word[9:] or 0)).ntp), low(asked))
        return int(word, 0)

    def _arrival(self, message: Message) -> dict[str, Any]:
        """Where a message of that kind comes from when nothing is said."""
        common: dict[str, Any] = {"interface": "eth0", "source_port": 434, "destination_port": 434}
        if isinstance(message, RegistrationRequest):
            if "foreign_agent" in self.roles:
                visiting = {"interface": _VISITED, "source": HOME_ADDRESS, "destination": IPv4Address("198.51.100.1")}
                return common | visiting | {"source_port": 40434, "link_source": MAC}
            return common | {"source": message.care_of_address, "destination": HOME_AGENT}
        if "foreign_agent" in self.roles:
            return common | {"source": HOME_AGENT, "destination": CARE_OF_ADDRESS}
        if "mobile_node" in self.roles:
            return common | {"source": HOME_AGENT, "destination": HOME_ADDRESS}
        return common | {"source": CARE_OF_ADDRESS, "destination": HOME_AGENT}

    def _receive(self, octets: bytes, arrival: Arrival, name: str | None = None) -> None:
        try:
            decoded = decode_message(octets)
        except DecodeError as error:
            # What daemon.runner does with it: counted and told, nothing else (RFC 5944 §1.7).
            self.discarded.append((DropReason(error.reason.value).value, str(arrival.source)))
            self.passed.append((octets, arrival))
            return
        event = MessageArrived(decoded=decoded, arrival=arrival)
        if name:
            self.stored[name] = event
        self.handle(event)

    def _octets(self, line: Line) -> None:
        words = line.fields()
        place = {_PLACE[word]: words[word] for word in words if word in _PLACE}
        arrival = struct_of(Arrival, place, **self._arrival(registration_request()))
        self._receive(bytes.fromhex("".join(line.words)), arrival)

    def _again(self, line: Line) -> None:
        """The very octets of a message named by `as=`, from the same place or another."""
        event = self.stored[line.words[0]]
        words = {_PLACE[word]: value for word, value in line.fields().items()}
        before = {field: getattr(event.arrival, field) for field in Arrival.__struct_fields__}
        self.handle(MessageArrived(decoded=event.decoded, arrival=struct_of(Arrival, words, **before)))

    def _advertisement(self, line: Line) -> None:
        words = line.fields()
        agent = AGENTS[line.words[0]]
        sequence_number = int(words.pop("sequence_number", "10"))
        code = int(words.pop("code", "0"))
        place = {_PLACE[word]: words.pop(word) for word in tuple(words) if word in _PLACE}
        types = {field.name: field.type for field in msgspec.structs.fields(Agent)}
        agent = agent.but(**{field: value_of(word, types[field]) for field, word in words.items()})
        arrival = struct_of(
            Arrival,
            place,
            interface="eth0",
            source=agent.address,
            destination=IPv4Address("224.0.0.1"),
            ttl=1,
            link_source=agent.link_address,
        )
        self.handle(
            AdvertisementArrived(advertisement=agent.advertisement(sequence_number, code=code), arrival=arrival)
        )

    def _solicitation(self, line: Line) -> None:
        words = line.fields()
        place = {_PLACE[word]: words.pop(word) for word in tuple(words) if word in _PLACE}
        arrival = struct_of(
            Arrival,
            place,
            interface=_VISITED if "foreign_agent" in self.roles else next(iter(self.links), "eth0"),
            source=HOME_ADDRESS,
            destination=IPv4Address("224.0.0.2"),
            ttl=1,
            link_source=MAC,
        )
        self.handle(SolicitationArrived(solicitation=struct_of(AgentSolicitation, words), arrival=arrival))

    # -- what follows

    def take(self) -> tuple[list[Output], list[tuple[str, str]]]:
        """All since the last time."""
        taken = (self.outputs, self.discarded)
        self.outputs, self.discarded = [], []
        return taken

    def complaint(self, line: Line, output: Output) -> str | None:
        """What a message lacks to be the one that a line describes; None when it is."""
        if line.verb == "arp":
            return _first_false(line.conditions, output) if isinstance(output, AnnounceAddress) else "no ARP"
        if line.verb == "keepalive":
            return _first_false(line.conditions, output) if isinstance(output, SendKeepalive) else "no keepalive"
        if isinstance(output, SendDiscovery):
            kind = AgentAdvertisement if line.verb == "advertisement" else AgentSolicitation
            if not isinstance(output.message, kind) or line.verb not in ("advertisement", "solicitation"):
                return f"no {line.verb}"
            return _first_false(line.conditions, *described(output.message), output.departure)
        if not isinstance(output, SendMessage) or line.verb not in MESSAGES:
            return f"no {line.verb}"
        decoded = decode_message(output.octets)
        if not isinstance(decoded.message, MESSAGES[line.verb]):
            return f"no {line.verb}"
        return self._complaint(line, decoded, output)

    def _complaint(self, line: Line, decoded: Decoded[Message], output: SendMessage) -> str | None:
        conditions = tuple(self._in_numbers(c) for c in line.conditions if c.field != "identification")
        problem = _first_false(conditions, decoded.message, output.departure)
        for condition in line.conditions:
            if condition.field == "identification" and not self._identified(decoded.message, condition):
                problem = f"{condition} (it is {getattr(decoded.message, 'identification', None):#x})"
        missing = missing_part(decoded, line.parts, self.associations)
        return problem or (f"it lacks {missing}" if missing else None)

    def _in_numbers(self, condition: Condition) -> Condition:
        if condition.field != "revocation_identifier":
            return condition
        return msgspec.structs.replace(condition, word=str(self._revocation_identifier(condition.word)))

    def _identified(self, message: Message, condition: Condition) -> bool:
        """`last`: all 64 bits of the latest request; `before`: of the one before that; `corrected`: last's low
        half, the time's seconds; `now`: the time within a second; `low`: its low half."""
        sent = getattr(message, "identification", 0)
        asked = self.request.identification if self.request else 0
        holds = {
            "last": sent == asked,
            "before": self.request_before is not None and sent == self.request_before.identification,
            "low": low(sent) == low(asked),
            "corrected": sent == self._identification("corrected"),
            "now": abs(difference(sent, instant(self.now, self.ntp_ahead).ntp)) < 1 << 32,
        }.get(condition.word)
        if holds is None:
            holds = sent == int(condition.word, 0)
        return holds is (condition.sign == "=")

    def facts(self) -> dict[str, Any]:
        """What `=` can ask for."""
        node = self.node
        found: dict[str, Any] = {"now": self.now - START, **node.counters}
        kinds = [kind for kind, _ in node.forwarding().wishes]
        found |= {f"wish_{kind}": kinds.count(kind) for kind in kinds}
        if node.home is not None:
            home = node.home.snapshot()
            found |= {"bindings": len(home.bindings), "revocations": home.revocations, **home.counters}
            for binding in home.bindings:
                found |= {f"binding_{f}": getattr(binding, f) for f in type(binding).__struct_fields__}
                found["left"] = binding.expires_at - self.now
        if node.foreign is not None:
            foreign = node.foreign.snapshot()
            found |= {"visitors": len(foreign.visitors), "pending": len(foreign.pending), "busy": foreign.busy}
            found |= foreign.counters
            for entry in foreign.pending:
                found |= {f"pending_{f}": getattr(entry, f) for f in type(entry).__struct_fields__}
            for visitor in foreign.visitors:
                found |= {f"visitor_{f}": getattr(visitor, f) for f in type(visitor).__struct_fields__}
                found["left"] = visitor.expires_at - self.now
        if node.mobile is not None:
            mobile = node.mobile.snapshot()
            found |= {"state": mobile.state, "agents": len(mobile.agents), "denial": mobile.last_denial}
            found |= {"home_agent": mobile.home_agent, "home_address": mobile.home_address, **mobile.counters}
            if mobile.registration is not None:
                shown = mobile.registration
                found |= {f"at_{f}": getattr(shown, f) for f in type(shown).__struct_fields__}
                found["left"] = shown.expires_at - self.now
        return found


def _is_to_all(output: Output) -> bool:
    link_destination = output.departure.link_destination if isinstance(output, SendDiscovery) else None
    return link_destination is not None and bool(link_destination[0] & 1)


def _first_false(conditions: tuple[Condition, ...], *values: Any) -> str | None:
    """The first condition that none of the values meets, with what is there instead."""
    for condition in conditions:
        name = _PLACE.get(condition.field, condition.field)
        owner = next((value for value in values if name in type(value).__struct_fields__), None)
        if owner is None:
            return f"{condition} (nothing has that field)"
        if not condition.holds(getattr(owner, name)):
            return f"{condition} (it is {show(getattr(owner, name))})"
    return None


def notices(outputs: list[Output]) -> list[dict[str, Any]]:
    """All notices as plain fields."""
    return [
        {"event": type(o.notice).__struct_config__.tag, **{f: getattr(o.notice, f) for f in o.notice.__struct_fields__}}
        for o in outputs
        if isinstance(o, Notify)
    ]


def wishes(outputs: list[Output]) -> tuple[list[Any], list[str]]:
    """What is installed, and what is removed (`Kind/subject`)."""
    changes = [output.change for output in outputs if isinstance(output, ChangeForwarding)]
    installed = [wish for change in changes for wish in change.install]
    return installed, [f"{kind}/{subject}" for change in changes for kind, subject in change.remove]
