"""What a Request would become: the pending registration that the checks look at (RFC 5944 §3.7.1)."""

from math import inf

import msgspec

from mobileip.agents.events import MessageArrived
from mobileip.agents.foreign.config import GreKeyForm
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.relaying import nai_of
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.tunnels import asks_udp, delivery_of, encapsulation_of, fresh_key, uses_gre
from mobileip.agents.foreign.validity import requested_home_agent
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.wire.extensions.authentication import MobileForeignAuthentication
from mobileip.wire.message import Decoded
from mobileip.wire.registration import RegistrationRequest


class Candidates:
    """Makes them; changes nothing."""

    def __init__(self, surroundings: Surroundings, visitors: VisitorList, registrations: PendingRegistrations) -> None:
        self._surroundings = surroundings
        self._visitors = visitors
        self._registrations = registrations

    def of(
        self, event: MessageArrived, decoded: Decoded[RegistrationRequest], link_address: bytes, now: float
    ) -> PendingRegistration:
        """`now`: boot time, seconds."""
        request, arrival, config = decoded.message, event.arrival, self._surroundings.config
        signatures = decoded.find(MobileForeignAuthentication)
        # R4433-5.2-b, R4433-3.4.1-b: "If the MN has included the Requested HA Extension, the FA MUST forward the
        # Registration Request to the address in this extension."
        home_agent = requested_home_agent(decoded) or self._surroundings.named_home_agent(request)
        is_signed = bool(request.lifetime) and self._surroundings.relay_association(request, home_agent) is not None
        candidate = PendingRegistration(
            home_address=request.home_address,
            home_agent=request.home_agent,
            relayed_to=home_agent,
            interface=arrival.interface,
            link_address=link_address,
            udp_port=arrival.source_port,
            source=arrival.source,
            destination=arrival.destination,
            care_of_address=request.care_of_address,
            decapsulation_by_mobile_node=request.decapsulation_by_mobile_node,
            identification=request.identification,
            requested_lifetime=request.lifetime,
            received_at=now,
            # R5944-3.7.2.2-h: it "MUST begin timing the remaining lifetime of the pending registration based on the
            # Lifetime in the Registration Request"; and waits no longer than we do.
            expires_at=now + min(config.pending_timeout, request.lifetime or inf),
            mobile_foreign_spi=signatures[0][1].spi if signatures else None,
            nai=nai_of(decoded),
            home_agent_signs=is_signed,
            offers_revocation=is_signed and config.revocation,
            encapsulation=encapsulation_of(request, config),
            udp_tunnel=asks_udp(request, config),
            reverse_tunnel=request.reverse_tunneling,
            delivery=delivery_of(decoded),
        )
        if not uses_gre(request, config) or self._surroundings.key_form(home_agent) is GreKeyForm.NONE:
            return candidate
        return msgspec.structs.replace(candidate, received_key=self._key(candidate, event.entropy))

    def _key(self, candidate: PendingRegistration, entropy: bytes) -> int:
        """The GRE key that this node has already, or one that no other of this home agent has (RFC 6245 §1)."""
        home_agent = candidate.relayed_to
        visitor = self._visitors.of(candidate.home_address, home_agent) or self._visitors.named(candidate.nai)
        for known in (self._registrations.same_as(candidate), visitor):
            is_same = known is not None and known.link_address == candidate.link_address
            if known is not None and is_same and known.received_key is not None:
                return known.received_key
        waiting = {each.received_key for each in self._registrations if each.relayed_to == home_agent}
        return fresh_key(entropy, lambda key: key in waiting or self._visitors.has_key(home_agent, key))
