"""What a home agent has decided about one Request: a value with all that carrying it out needs, and no change
made yet.

Between `decide` and carrying out there is room for others: a store that must confirm, an answer from an AAA
server.
"""

from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Arrival
from mobileip.agents.home.examination import Examination
from mobileip.agents.home.nodes import ServedMobileNode
from mobileip.agents.home.reply_extensions import Extensions, extensions_of_reply
from mobileip.agents.home.snapshot import RevocationTerms
from mobileip.agents.home.validity import first_refusal
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.tunnel import Tunnel
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.replay import Freshness
from mobileip.wire.numbers import ReplyCode
from mobileip.wire.registration import INFINITE_LIFETIME, RegistrationRequest


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A Request that gets a Reply. `lifetime` (seconds) and `identification` are the Reply's."""

    request: RegistrationRequest
    arrival: Arrival
    is_unicast: bool
    node: ServedMobileNode
    home_address: IPv4Address
    """Of the Reply and the binding: the Request's, or the one that the mobile node gets."""
    code: ReplyCode
    is_accepted: bool
    lifetime: int
    identification: int
    freshness: Freshness
    is_duplicate: bool
    association: MobilitySecurityAssociation | None
    """None: the mobile node shares none, and the Reply is not signed for it."""
    foreign_association: MobilitySecurityAssociation | None
    revocation: RevocationTerms | None
    tunnel: Tunnel
    """That the binding gets."""
    extensions: Extensions
    """Of the Reply, for the mobile node."""
    foreign_extensions: Extensions
    """For the foreign agent alone."""

    @property
    def is_deregistration(self) -> bool:
        return self.request.lifetime == 0

    @property
    def is_from_home(self) -> bool:
        """Whether the mobile node itself sent it from its home address, and in a frame whose sender we saw.

        RFC 5944 §3.8.3.1: "this is the normal method used by a mobile node to deregister when it returns".
        """
        return self.arrival.link_source is not None and self.arrival.source == self.home_address


def decide(examination: Examination) -> Decision | DropReason:
    """The answer to a Request, or the name under which it is silently discarded. Changes nothing."""
    refusal = first_refusal(examination)
    if isinstance(refusal, DropReason):
        return refusal
    code = _acceptance(examination) if refusal is None else refusal
    extensions, foreign_extensions = extensions_of_reply(examination, code)
    return Decision(
        request=examination.request,
        arrival=examination.arrival,
        is_unicast=examination.is_unicast,
        node=examination.node,
        home_address=examination.home_address,
        code=code,
        is_accepted=refusal is None,
        # R5944-3.8.3.2-b: copied "from the corresponding field in the Registration Request, unless the requested value
        # is greater than the maximum length of time the home agent is willing to provide the requested service".
        lifetime=_lifetime(examination) if refusal is None else examination.request.lifetime,
        identification=examination.identification,
        freshness=examination.freshness,
        is_duplicate=examination.is_duplicate,
        association=examination.association,
        foreign_association=_foreign_association(examination),
        revocation=examination.revocation,
        tunnel=examination.tunnel,
        extensions=extensions,
        foreign_extensions=foreign_extensions,
    )


def _foreign_association(examination: Examination) -> MobilitySecurityAssociation | None:
    # R5944-3.5.4-a, R3344-3.5.4-a: the extension is not "applied to" a deregistration, unless a foreign agent of RFC
    # 3344 waits for it.
    if examination.request.lifetime == 0 and not examination.surroundings.config.foreign_home_on_deregistration:
        return None
    return examination.foreign_association


def _acceptance(examination: Examination) -> ReplyCode:
    # R5944-3.8.2.2-b, R5944-3.8.3.2-a: "either 0 if the home agent supports simultaneous mobility bindings, or 1 if it
    # does not", whatever the Request's S bit is. R6245-4.2-f, R6245-4.2-i: 0 for a GRE key, if it is 0 for others.
    if examination.surroundings.config.maximum_simultaneous_bindings > 1:
        return ReplyCode.ACCEPTED
    return ReplyCode.ACCEPTED_SIMULTANEOUS_BINDINGS_UNSUPPORTED


def _lifetime(examination: Examination) -> int:
    # R5944-3.8.2.2-i, R5944-3.4-b: "The home agent MUST NOT increase the Lifetime above that specified by the mobile
    # node". R5944-3.8.2.2-j: it is "not an error for the mobile node to request a Lifetime longer than the home agent
    # is willing to accept". R5944-3.8.3.2-c, R5944-3.8.3.2-d: reduced, it "SHOULD be the maximum Lifetime allowed".
    config = examination.surroundings.config
    granted = min(examination.request.lifetime, config.maximum_lifetime)
    # R3519-5.2-a, R3519-6-a: "Suggested maximum lifetime returned by the home agent is 60 seconds".
    if examination.tunnel.udp is not None:
        granted = min(granted, config.nat_maximum_lifetime)
    binding = examination.binding if examination.is_duplicate and granted else None
    if binding is None or binding.lifetime == INFINITE_LIFETIME:
        return granted
    # R5944-3.8.2.2-m: of a duplicate "the new Lifetime MUST NOT extend beyond the Lifetime originally
    # granted"; nor may it be more than this one asks for.
    return min(granted, int(binding.expires_at - examination.boot))
