"""What a registration's tunnel looks like, by its Request and by our configuration: in UDP or not (RFC 3519), how
packets are encapsulated, GRE keys (RFC 6245), and whether it is a reverse tunnel too (RFC 3024).

Checks as those of `validity.py`. They note the tunnel in the examination; whatever is refused there is refused for
both ways: forward and reverse tunnel are the same. A duplicate gets the tunnel that its binding has.

The Reply does not say how packets are encapsulated, so both sides have to conclude the same from the Request alone:
with M and G both set it is GRE, or nothing.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from mobileip.agents.home.authenticity import Refusal, refused_for_foreign_agent
from mobileip.agents.home.config import ReverseTunnels
from mobileip.agents.home.examination import Examination
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.forwarding.tunnel import PLAIN_GRE, Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.wire.extensions.base import Extension
from mobileip.wire.extensions.gre_key_3gpp2 import GreKeyExtension, is_gre_key, told_key, with_key
from mobileip.wire.extensions.nat_traversal import UdpTunnelReply, UdpTunnelRequest
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT, ReplyCode
from mobileip.wire.subtypes import UdpTunnelReplyCode

_BY_PROTOCOL = {4: Encapsulation.IPIP, 47: Encapsulation.GRE, 55: Encapsulation.MINIMAL}
"""RFC 3519 §3.1.4: the Encapsulation field has the numbers of IP's Protocol field."""

_PRIVATE = tuple(IPv4Network(prefix) for prefix in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""


# -- in UDP?


def check_udp_tunnel(examination: Examination) -> Refusal | None:
    """Whether the tunnel is in UDP, and where it leads then (RFC 3519 §4.6)."""
    if not (examination.others or examination.is_duplicate):
        return None  # a mere shortcut: most Requests have no further extension
    request, arrival, config = examination.request, examination.arrival, examination.surroundings.config
    place, asked = _udp_request(examination)
    repeated = _repeated(examination)
    if repeated is not None:
        # Where a duplicate comes from means nothing: everybody could have sent it.
        examination.tunnel = repeated.tunnel
        return None
    # Without the extension a source that is not the care-of address means nothing: RFC 5944 has no such check, and a
    # foreign agent may relay from another address. R3519-4.7-a: tunnels in UDP are "only" for those who ask.
    if asked is None or not request.lifetime:
        return None
    is_mobile_nodes = examination.is_of_mobile_node(place)
    # R3519-4.6.1-c, R3519-4.6.1-d: "placed before the MN-HA authentication extension, but 'D' bit in registration
    # request header not set", or after it with D: "SHOULD send a Registration Reply with the Code field set to 134".
    if is_mobile_nodes is not request.decapsulation_by_mobile_node:
        return _refused(examination, place, ReplyCode.HA_POORLY_FORMED_REQUEST)
    # R3519-4.6-b: "The home agent MUST use a mismatch between source IP address and care-of address in the Mobile IP
    # Registration Request message as the indication that a mobile node may reside behind a NAT."
    is_behind_nat = arrival.source != request.care_of_address
    if not config.nat_traversal:
        # R3519-4.6.1-a, R3519-3.1.1-b: "NAT detected by home agent, but traversal not allowed: [...] the home agent
        # SHOULD send a Registration Reply with the Code field set to 129". So it is with F, which asks for no less. The
        # Identification is not used up: the source address is not authentic.
        is_needed = is_behind_nat or asked.force
        return refused_for_foreign_agent(examination, ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED) if is_needed else None
    # R3519-4.6-f: "If [...] the 'R' flag [is] set in the UDP Tunnel Request Extension, it SHOULD reply with an
    # assenting UDP Tunnel Reply Extension".
    is_through_foreign_agent = asked.through_foreign_agent and is_mobile_nodes
    is_natural = is_behind_nat or is_through_foreign_agent
    # R3519-4.6-d: for "matching source IP address and co-located care-of address" the Reply declines, "unless
    # tunnelling has been explicitly requested by the mobile node using the 'F' flag".
    if not (is_natural or asked.force):
        return None
    # R3519-4.6.1-b, R3519-3.1.1-b: "NAT not detected, 'F' flag set, but home agent does not allow forced use": 129.
    if not is_natural and not config.force_udp:
        return _refused(examination, place, ReplyCode.HA_ADMINISTRATIVELY_PROHIBITED)
    # R3519-4.6-c, R3519-3.1.1-a: it "SHALL respond with a registration reply containing an assenting UDP Tunnel Reply
    # Extension". R3519-4.6-e: "If the home agent assents to UDP tunnelling, it MUST use the source address of the
    # registration request as the effective care-of address, rather than the care-of address given in the registration
    # request". The field stays the binding's name, in deregistrations too.
    examination.tunnel = Tunnel(
        config.address,
        # R3519-4.6-e
        arrival.source,
        # R3519-4.6-g: with R "the home agent MUST wait for the first keepalive packet from the mobile node to arrive,
        # before it can send traffic back to the correct NAT port": half bound, port 0.
        udp=UdpPorts(MOBILE_IP_UDP_PORT, 0 if is_through_foreign_agent else arrival.source_port),
    )
    return None


def _udp_request(examination: Examination) -> tuple[int, UdpTunnelRequest | None]:
    # R3519-3.1-f, R3519-3.1.3-a: one whose Reserved 3 is not 0 is none, for the decoder already. R3519-3.1-b,
    # R3519-3.1-d: Reserved 1 and 2 "MUST be ignored on reception".
    found = ((o, e) for o, e in _signed(examination) if isinstance(e, UdpTunnelRequest))
    return next(found, (0, None))


# -- how packets are encapsulated


def check_encapsulation(examination: Examination) -> Refusal | None:
    """What the tunnel looks like inside; a deregistration makes none, but its Reply tells the GRE key again."""
    request, lawful = examination.request, examination.surroundings.config.encapsulations
    is_plain = not (examination.others or request.gre_encapsulation or request.minimal_encapsulation)
    if (is_plain and Encapsulation.IPIP in lawful) or _repeated(examination) is not None:
        return None
    tunnel = examination.tunnel
    udp_place, asked = _udp_request(examination)
    place, key = _gre_key(examination)
    refusal = ReplyCode.HA_REQUESTED_ENCAPSULATION_UNAVAILABLE
    # R3519-3.1.4-a, R3519-4.1-d: "if the home agent finds that MIP UDP tunnelling should be done, the encapsulation is
    # determined from the value of the Encapsulation field. If the value of this field is zero, it defaults to the value
    # of 'M' and 'G' fields".
    if tunnel.udp is not None and asked is not None and asked.encapsulation:
        place, encapsulation = udp_place, _BY_PROTOCOL.get(asked.encapsulation)
        # R3519-4.6.1-f, R3519-4.1-d: "the request MUST either be accepted using the requested encapsulation, or
        # rejected with the error code ERROR_HA_UDP_ENCAP_UNAVAIL".
        refusal = ReplyCode.HA_UDP_ENCAPSULATION_UNAVAILABLE
    else:
        encapsulation = _by_bits(examination, key)
    if encapsulation is None or encapsulation not in lawful:
        # R3024-3.4-f, R3024-4.3.1-a, R3024-3.4-a: "the home agent MUST deny registrations if an unsupported form of
        # tunneling is requested (code 139)". R6245-4.2-d: with a GRE key too, where we are "not configured to support
        # GRE encapsulation".
        return _refused(examination, place, refusal) if request.lifetime else None
    # R6245-4.2-g: what the Reply tells then.
    options = _gre_options(examination, key) if encapsulation is Encapsulation.GRE else PLAIN_GRE
    # R3024-4.3.1-c: it "MUST update its mobility bindings list to indicate [...] the type of encapsulation expected".
    examination.tunnel = Tunnel(tunnel.local, tunnel.remote, encapsulation, options, tunnel.udp)
    return None


def _by_bits(examination: Examination, key: GreKeyExtension | None) -> Encapsulation:
    request = examination.request
    # R3519-4.1-b: "If the 'G' bit is set [...] and the Encapsulation field is zero, [...] GRE-in-UDP encapsulation
    # SHALL be used". R6245-4.2-e: with "a GRE Key Extension but without the 'G' bit set, the HA SHOULD treat this as if
    # the 'G' bit is set".
    if request.gre_encapsulation or key is not None:
        return Encapsulation.GRE
    # R3519-4.1-c, R6245-4.2-c: "The HA MUST use other alternative forms of encapsulation [...] when requested by the
    # mobile node". R3519-4.1-a: IP in IP, or in UDP, without any bit.
    return Encapsulation.MINIMAL if request.minimal_encapsulation else Encapsulation.IPIP


def _gre_options(examination: Examination, key: GreKeyExtension | None) -> GreOptions:
    config = examination.surroundings.config
    sent_key = received_key = None
    if key is not None:
        # R6245-4.2-g: "The HA MUST assign a GRE key". A home address is one mobile node's alone here, so as a number it
        # is as good a key as any, the same at each renewal; keys are no secrets.
        received_key = int(examination.home_address)
        # R6245-4.2-i, R6245-4.2-j: for "a GRE key value of zero [...] the HA MUST assign GRE keys for both directions".
        # One extension has room for one key, so it is the same key for both.
        sent_key = told_key(key) or received_key
    return GreOptions(
        sent_key=sent_key,
        received_key=received_key,
        with_checksum=config.gre_checksum,
        with_sequence=config.gre_sequence,
    )


def _gre_key(examination: Examination) -> tuple[int, GreKeyExtension | None]:
    """The Request's GRE key extension, in either form, and where it stands. R6245-4.2-a: it is processed like any
    other (RFC 5944 §3.8.2)."""
    return next(((o, e) for o, e in _signed(examination) if is_gre_key(e)), (0, None))


# -- the way back


def check_reverse_tunnel(examination: Examination) -> Refusal | None:
    request, policy = examination.request, examination.surroundings.config.reverse_tunnel
    if not request.lifetime:
        return None
    if not request.reverse_tunneling:
        # RFC 3024 §4.3.1: it "MAY reject registration requests without the 'T' bit set by denying them with code 138".
        is_private = policy is ReverseTunnels.REQUIRED_IF_PRIVATE and is_private_address(examination.home_address)
        is_mandatory = policy is ReverseTunnels.REQUIRED or is_private
        # R3024-3.4-a
        return ReplyCode.HA_REVERSE_TUNNEL_MANDATORY if is_mandatory else None
    # R3024-4.3.1-b, R3024-3.4-a, R3024-3.4-d: "As a last check, the home agent determines whether it can support a
    # reverse tunnel with the same configuration as the forward tunnel. If it cannot, it MUST send back a registration
    # denial with code 137". R3024-A.4-j: from a private home address it comes like from any other.
    return ReplyCode.HA_REQUESTED_REVERSE_TUNNEL_UNAVAILABLE if policy is ReverseTunnels.REFUSED else None


def is_private_address(address: IPv4Address) -> bool:
    """As RFC 3024 §A.4 has it: "private addresses" are strictly those of RFC 1918."""
    return any(address in prefix for prefix in _PRIVATE)


# -- what the Reply says about it


def udp_tunnel_reply(examination: Examination, code: ReplyCode, *, is_mobile_nodes: bool) -> Extension | None:
    """In front of the authentication of the one who asked: others need not know this extension, which can't be
    skipped.
    """
    place, asked = _udp_request(examination)
    # R3519-4.6-a: "MUST be used in a Mobile IP Registration Reply from the home agent to the mobile node when it has
    # received and accepted a UDP Tunnel Request". R3519-4.6-k, R3519-4.6-l: where none is needed the Reply "SHOULD"
    # have one with "a declining reply code"; unasked there is none.
    if asked is None or not code.is_accepted or examination.is_of_mobile_node(place) is not is_mobile_nodes:
        return None
    if examination.tunnel.udp is None:
        # R3519-4.6-d, R3519-4.6-l
        return UdpTunnelReply(code=UdpTunnelReplyCode.DECLINED)
    # R3519-3.2-d: Reserved is 0 of itself. R3519-4.10-e: "The home agent MUST NOT attempt to detect or compensate for
    # NAT binding loss by dynamically changing the keepalive interval": it is what is configured.
    return UdpTunnelReply(
        code=UdpTunnelReplyCode.WILL_TUNNEL,
        forced=asked.force,
        # R3519-4.10-e
        keepalive_interval=examination.surroundings.config.keepalive_interval,
    )


def gre_key_of_reply(examination: Examination, code: ReplyCode, *, is_mobile_nodes: bool) -> Extension | None:
    """The key that the one who told us one is to use, in the same form and at the same place."""
    place, asked = _gre_key(examination)
    key = examination.tunnel.gre.received_key
    # R6245-4.2-h, R6245-4.2-k: "The HA MUST include the GRE Key Extension in all RRPs in response to any RRQ that
    # included the GRE Key Extension, when a GRE key is available for the registration."
    if asked is None or key is None or not code.is_accepted:
        return None
    if examination.is_of_mobile_node(place) is not is_mobile_nodes:
        return None
    # R6245-4.2-g: "and include the GRE Key Extension in the RRP before sending it to the FA".
    return with_key(asked, key)


# -- helpers


def _signed(examination: Examination) -> Iterator[tuple[int, Extension]]:
    """Extensions where they should be: what stands behind the foreign agent's authentication is protected by nobody."""
    for offset, extension in examination.others:
        is_mobile_nodes = examination.is_of_mobile_node(offset)
        if is_mobile_nodes or not examination.foreign_home or examination.is_of_foreign_agent(offset):
            yield offset, extension


def _repeated(examination: Examination) -> MobilityBinding | None:
    """The binding that a duplicate made."""
    return examination.binding if examination.is_duplicate and examination.request.lifetime else None


def _refused(examination: Examination, place: int, code: ReplyCode) -> Refusal:
    """By an extension at `place`, the mobile node's or the foreign agent's."""
    return code if examination.is_of_mobile_node(place) else refused_for_foreign_agent(examination, code)
