"""What a mobile node asks for about its tunnels, what it gives up when it is refused, and what was agreed on (RFC 3024,
RFC 3519)."""

from collections.abc import Collection
from enum import StrEnum
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.attachment import ALL_AGENTS, Attachment, CareOf
from mobileip.agents.mobile.config import Delivery, MobileNodeConfig, NatTraversal, ReverseTunnelling
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.message import Decoded, Message
from mobileip.wire.numbers import ReplyCode


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What one Request says about tunnels."""

    reverse: bool = False
    """T."""
    encapsulating: bool = False
    """The extension for encapsulating delivery."""
    encapsulation: Encapsulation = Encapsulation.IPIP
    """M or G, or neither."""
    udp: UdpTunnelRequest | None = None

    @property
    def delivery(self) -> Delivery:
        return Delivery.ENCAPSULATING if self.encapsulating else Delivery.DIRECT


class Amendment(StrEnum):
    """What is asked for otherwise after a denial."""

    WITHOUT_REVERSE_TUNNEL = "without_reverse_tunnel"
    WITH_REVERSE_TUNNEL = "with_reverse_tunnel"
    DIRECT_DELIVERY = "direct_delivery"
    IP_IN_IP = "ip_in_ip"
    UDP_NOT_FORCED = "udp_not_forced"
    WITHOUT_UDP = "without_udp"


def terms_of(config: MobileNodeConfig, attachment: Attachment, amendments: Collection[Amendment] = ()) -> Terms:
    """What is asked for at a point of attachment, as amended there before."""
    if attachment.is_home:
        return Terms()
    reverse = _is_reverse_tunnel_asked(config, attachment, amendments)
    is_behind_agent = attachment.care_of is CareOf.FOREIGN_AGENT
    wants_delivery = config.delivery is Delivery.ENCAPSULATING and Amendment.DIRECT_DELIVERY not in amendments
    return Terms(
        reverse=reverse,
        # R3024-3.3-c: "MUST NOT [...] if the 'T' bit is not set". With a co-located address nobody else delivers.
        encapsulating=wants_delivery and is_behind_agent and reverse,
        encapsulation=_encapsulation(config, attachment, amendments),
        # R3519-3.1.5-b: "SHOULD set the 'T' bit when requesting MIP UDP tunnelling": where T is refused, so is this.
        udp=_udp(config, amendments, attachment) if reverse and is_udp_wanted(config, attachment) else None,
    )


def _is_reverse_tunnel_asked(
    config: MobileNodeConfig, attachment: Attachment, amendments: Collection[Amendment]
) -> bool:
    # R3024-A.4-a: whose home address means nothing outside of its home network requires it.
    if config.reverse_tunnel is ReverseTunnelling.REQUIRED:
        return True
    # To the group a Request goes with a TTL of 1, and a foreign agent takes T with one of 255 only.
    if Amendment.WITHOUT_REVERSE_TUNNEL in amendments or attachment.agent == ALL_AGENTS:
        return False
    if config.reverse_tunnel is ReverseTunnelling.OFF:
        return is_udp_wanted(config, attachment)
    is_offered = attachment.care_of is CareOf.COLOCATED or attachment.offer.reverse_tunnel
    return is_offered or Amendment.WITH_REVERSE_TUNNEL in amendments


def _encapsulation(
    config: MobileNodeConfig, attachment: Attachment, amendments: Collection[Amendment]
) -> Encapsulation:
    if Amendment.IP_IN_IP in amendments:
        return Encapsulation.IPIP
    # R5944-3.6.1.2-j: through a foreign agent's care-of address only what its advertisement offers.
    is_behind_agent = attachment.care_of is CareOf.FOREIGN_AGENT
    match config.encapsulation:
        case Encapsulation.GRE if is_behind_agent and not attachment.offer.gre:
            return Encapsulation.IPIP
        case Encapsulation.MINIMAL if is_behind_agent and not attachment.offer.minimal:
            return Encapsulation.IPIP
        case encapsulation:
            return encapsulation


def is_udp_wanted(config: MobileNodeConfig, attachment: Attachment) -> bool:
    """Whether a tunnel in UDP is to be asked for there, before any refusal."""
    # R3519-4.4-a: "It SHALL NOT be used [...] when it is registering with a foreign agent care-of address".
    is_ours = attachment.care_of is CareOf.COLOCATED
    # R3519-4.4-i: through an agent without U it "MUST NOT include a UDP Tunnel Request Extension": the home agent would
    # tunnel to the agent.
    is_possible = is_ours and (attachment.agent is None or attachment.offer.behind_nat)
    return is_possible and config.nat_traversal is not NatTraversal.OFF


def _udp(
    config: MobileNodeConfig, amendments: Collection[Amendment], attachment: Attachment
) -> UdpTunnelRequest | None:
    if Amendment.WITHOUT_UDP in amendments:
        return None
    # R3519-3.1-a, R3519-3.1-c, R3519-3.1-e: what is reserved is 0 of itself. So is Encapsulation: "it defaults to the
    # value of 'M' and 'G'".
    return UdpTunnelRequest(
        force=config.nat_traversal is NatTraversal.FORCE and Amendment.UDP_NOT_FORCED not in amendments,
        # R3519-3.1.2-a, R3519-4.4-g: "MUST set the 'R' flag": what the home agent sees is the agent's address.
        through_foreign_agent=attachment.agent is not None,
    )


# -- refusals

_C, _A = ReplyCode, Amendment

AMENDMENTS: dict[int, tuple[Amendment, ...]] = {
    # R3024-3.4-b: "mobile nodes may receive (and MUST accept) code 70 [...] and code 134" in response to T.
    _C.FA_POORLY_FORMED_REQUEST: (_A.WITHOUT_REVERSE_TUNNEL,),
    _C.FA_REQUESTED_ENCAPSULATION_UNAVAILABLE: (_A.IP_IN_IP,),
    _C.FA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE: (_A.WITHOUT_REVERSE_TUNNEL,),
    _C.FA_REVERSE_TUNNEL_MANDATORY: (_A.WITH_REVERSE_TUNNEL,),
    _C.FA_MOBILE_NODE_TOO_DISTANT: (_A.WITHOUT_REVERSE_TUNNEL,),
    _C.FA_DELIVERY_STYLE_NOT_SUPPORTED: (_A.DIRECT_DELIVERY,),
    # RFC 3519 §4.6: a home agent that does not let itself be forced, or wants none of it.
    _C.HA_ADMINISTRATIVELY_PROHIBITED: (_A.UDP_NOT_FORCED, _A.WITHOUT_UDP),
    _C.HA_POORLY_FORMED_REQUEST: (_A.WITHOUT_UDP, _A.WITHOUT_REVERSE_TUNNEL),
    _C.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE: (_A.WITHOUT_REVERSE_TUNNEL,),
    _C.HA_REVERSE_TUNNEL_MANDATORY: (_A.WITH_REVERSE_TUNNEL,),
    _C.HA_REQUESTED_ENCAPSULATION_UNAVAILABLE: (_A.IP_IN_IP,),
    _C.HA_UDP_ENCAPSULATION_UNAVAILABLE: (_A.IP_IN_IP, _A.WITHOUT_UDP),
}
"""What may help against a denial, the first that changes anything."""


def amendment(code: int, terms: Terms, config: MobileNodeConfig, before: Collection[Amendment]) -> Amendment | None:
    """What to ask for otherwise after a denial of `terms`; None: nothing would help, or we do not want to."""
    return next((each for each in AMENDMENTS.get(code, ()) if _is_amendable(each, terms, config, before)), None)


def _is_amendable(amendment: Amendment, terms: Terms, config: MobileNodeConfig, before: Collection[Amendment]) -> bool:
    mode = config.reverse_tunnel
    match amendment:
        # Who wants it and who has none may be two agents: then this is no place for us.
        case Amendment.WITHOUT_REVERSE_TUNNEL:
            is_wanted = mode is ReverseTunnelling.REQUIRED or Amendment.WITH_REVERSE_TUNNEL in before
            return terms.reverse and not is_wanted
        case Amendment.WITH_REVERSE_TUNNEL:
            is_refused = mode is ReverseTunnelling.OFF or Amendment.WITHOUT_REVERSE_TUNNEL in before
            return not terms.reverse and not is_refused
        case Amendment.DIRECT_DELIVERY:
            return terms.encapsulating
        case Amendment.IP_IN_IP:
            return terms.encapsulation is not Encapsulation.IPIP
        case Amendment.UDP_NOT_FORCED:
            return terms.udp is not None and terms.udp.force
        case Amendment.WITHOUT_UDP:  # no other
            return terms.udp is not None


MOST_AMENDED = 64
"""Agents for which amendments are kept: denials by foreign agents bear no authentication."""
AMENDMENT_KEPT = 3600.0
"""Seconds until an agent is asked for everything again. One that was restarted is another agent at once."""

Asked = tuple[str, IPv4Address | None, int]


class Amendments:
    """Who made us ask for what otherwise, and until when that is remembered. Times are boot time, seconds."""

    __slots__ = ("_by_agent",)

    def __init__(self) -> None:
        self._by_agent: dict[Asked, dict[Amendment, float]] = {}

    def note(self, asked: Asked, amendment: Amendment, now: float) -> None:
        """`asked` (see `foreign`, `home`) made us do that."""
        amended = self._by_agent.pop(asked, {})
        if len(self._by_agent) >= MOST_AMENDED:
            self._by_agent.pop(next(iter(self._by_agent)))
        self._by_agent[asked] = amended | {amendment: now + AMENDMENT_KEPT}

    def at(self, attachment: Attachment, home_agent: IPv4Address, now: float) -> frozenset[Amendment]:
        """What is asked for otherwise there, of that home agent."""
        sources = (self._by_agent.get(asked, {}) for asked in (foreign(attachment), home(home_agent)))
        return frozenset(each for source in sources for each, until in source.items() if now < until)

    def clear(self) -> None:
        self._by_agent.clear()


def foreign(attachment: Attachment) -> Asked:
    return (attachment.interface, attachment.agent, attachment.incarnation)


def home(home_agent: IPv4Address) -> Asked:
    return ("", home_agent, 0)


# -- acceptances


class UdpAnswer(StrEnum):
    """What came of asking for a tunnel in UDP."""

    NOT_ASKED = "not_asked"
    NOT_UNDERSTOOD = "not_understood"
    """The home agent said nothing to it: if there is a NAT, nothing comes through the tunnel."""
    DECLINED = "declined"
    """No NAT is seen."""
    AGREED = "agreed"


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How the tunnels of a registration in force run."""

    terms: Terms = Terms()
    udp: UdpAnswer = UdpAnswer.NOT_ASKED
    keepalive_interval: int = 0
    """Seconds, as the home agent tells; 0: our own."""
    reply_source: IPv4Address | None = None
    """IP source of the Reply."""

    @property
    def in_udp(self) -> bool:
        return self.udp is UdpAnswer.AGREED


def agreement_of(terms: Terms, decoded: Decoded[Message], source: IPv4Address, config: MobileNodeConfig) -> Agreement:
    """What an acceptance of `terms` says."""
    answers = [each for offset, each in decoded.find(UdpTunnelReply) if _is_signed(decoded, offset, config)]
    # R3519-3.2-e: what is reserved is not looked at.
    if terms.udp is None:
        udp = UdpAnswer.NOT_ASKED
    elif not answers:
        # R3519-4.4-c, R3519-4.4-d, R3519-3.1.1-c: "it MUST assume that the HA does not understand this extension, and
        # it MUST NOT use UDP tunnelling".
        udp = UdpAnswer.NOT_UNDERSTOOD
    else:
        # R3519-4.6-m: it "MUST NOT assume" that the next answer is like this one: each is looked at.
        udp = UdpAnswer.AGREED if answers[0].is_assent else UdpAnswer.DECLINED
    told = answers[0].keepalive_interval if udp is UdpAnswer.AGREED else 0
    return Agreement(terms=terms, udp=udp, keepalive_interval=told, reply_source=source)


def _is_signed(decoded: Decoded[Message], offset: int, config: MobileNodeConfig) -> bool:
    """What stands behind the home agent's authenticator anybody could have put there."""
    signatures = [place for place, _ in decoded.find(MobileHomeAuthentication)]
    return offset < max(signatures) if signatures else config.allow_unauthenticated


def is_reversed(agreement: Agreement, config: MobileNodeConfig) -> bool:
    """Whether what we send takes the tunnel."""
    # R3519-4.7-b: what is tunnelled is so in UDP always, and behind a NAT nothing else gets through.
    return agreement.terms.reverse and (config.reverse_tunnel is not ReverseTunnelling.OFF or agreement.in_udp)
