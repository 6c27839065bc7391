"""What a home agent knows of one mobile node, as a record to be remembered, and back.

Secrets stay out: an association is named by its SPI and a mark (`security/key_reference.py`). Coming back, what names
an association that the configuration does not have any more names nothing: None.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from math import inf

from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.nodes import Deregistration, ServedMobileNode
from mobileip.agents.home.revocations import Series
from mobileip.agents.home.revoked import Ended
from mobileip.agents.home.snapshot import MobilityBinding, RevocationTerms
from mobileip.agents.memory import (
    BindingRecord,
    DeregistrationRecord,
    MobileNodeRecord,
    RevokedRecord,
    SeriesRecord,
    TermsRecord,
    TunnelRecord,
)
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.key_reference import KeyReference, reference_to
from mobileip.security.replay import Freshness
from mobileip.wire.registration import INFINITE_LIFETIME

Find = Callable[[KeyReference, int | None], MobilitySecurityAssociation | None]
"""The association with a foreign agent (its address) or the mobile node (None), if there is one with that key."""


# -- to be remembered


def record_of(
    node: ServedMobileNode,
    home_address: int,
    home_agent: int,
    *,
    bindings: tuple[MobilityBinding, ...],
    ended: Ended | None,
    series: tuple[Series, ...],
) -> MobileNodeRecord:
    """`home_address`: that the node has, or had last."""
    freshness, last = node.freshness, node.deregistration
    return MobileNodeRecord(
        node.name,
        node.nai,
        home_address,
        home_agent,
        freshness.latest,
        freshness.nonce,
        freshness.refused,
        # a mere shortcut: most have one
        (_binding_record(bindings[0], node),)
        if len(bindings) == 1
        else tuple([_binding_record(binding, node) for binding in bindings]),
        None if last is None else _deregistration_record(last),
        None if ended is None else _revoked_record(ended),
        tuple([_series_record(each, node) for each in series]) if series else (),
    )


def _binding_record(binding: MobilityBinding, node: ServedMobileNode) -> BindingRecord:
    terms, tunnel = binding.revocation, binding.tunnel
    return BindingRecord(
        int(binding.care_of_address),
        binding.registered_at,
        binding.lifetime,
        binding.identification,
        binding.request_identification,
        node.key_references.get(binding.spi) or node.key_reference(binding.spi),
        binding.decapsulation_by_mobile_node,
        binding.reverse_tunneling,
        binding.broadcast_datagrams,
        binding.simultaneous_bindings,
        None if tunnel.udp is None and tunnel.encapsulation is Encapsulation.IPIP else _tunnel_record(tunnel),
        None if terms is None else _terms_record(terms),
    )


def _tunnel_record(tunnel: Tunnel) -> TunnelRecord:
    udp, gre = tunnel.udp, tunnel.gre
    return TunnelRecord(
        int(tunnel.remote),
        tunnel.encapsulation,
        gre.sent_key,
        gre.received_key,
        gre.with_checksum,
        gre.with_sequence,
        None if udp is None else (udp.local, udp.remote),
    )


def _deregistration_record(last: Deregistration) -> DeregistrationRecord:
    return DeregistrationRecord(last.request_identification, int(last.care_of_address), last.identification, last.at)


def _revoked_record(ended: Ended) -> RevokedRecord:
    return RevokedRecord(int(ended.care_of_address), _number(ended.foreign_agent), ended.timestamp, ended.inform)


def _terms_record(terms: RevocationTerms) -> TermsRecord:
    return TermsRecord(
        int(terms.peer),
        terms.peer_timestamp,
        terms.own_timestamp,
        terms.inform,
        terms.is_direct,
        reference_to(terms.association),
        _number(terms.foreign_agent),
    )


def _series_record(series: Series, node: ServedMobileNode) -> SeriesRecord:
    return SeriesRecord(
        _binding_record(series.binding, node),
        series.inform,
        series.attempt,
        tuple(series.identifiers),
        series.at,
    )


def _number(address: IPv4Address | None) -> int | None:
    return None if address is None else int(address)


# -- remembered


def freshness_of(record: MobileNodeRecord) -> Freshness:
    return Freshness(record.latest, record.nonce, record.refused)


def deregistration_of(record: MobileNodeRecord, shift: float) -> Deregistration | None:
    """`shift`, here and below: seconds from boot time as it was to boot time as it is."""
    last = record.deregistration
    if last is None:
        return None
    return Deregistration(
        last.request_identification, IPv4Address(last.care_of_address), last.identification, last.at + shift
    )


def ended_of(record: MobileNodeRecord) -> Ended | None:
    revoked = record.revoked
    if revoked is None:
        return None
    agent = revoked.foreign_agent
    return Ended(
        IPv4Address(revoked.care_of_address),
        None if agent is None else IPv4Address(agent),
        revoked.timestamp,
        revoked.inform,
    )


def binding_of(
    record: BindingRecord,
    home_address: IPv4Address,
    nai: str | None,
    *,
    config: HomeAgentConfig,
    find: Find,
    shift: float,
) -> MobilityBinding:
    care_of_address = IPv4Address(record.care_of_address)
    registered_at = record.registered_at + shift
    return MobilityBinding(
        home_address=home_address,
        care_of_address=care_of_address,
        home_agent=config.address,
        tunnel=_tunnel_of(record.tunnel, config.address, care_of_address),
        lifetime=record.lifetime,
        registered_at=registered_at,
        expires_at=ends_at(record, shift),
        identification=record.identification,
        request_identification=record.request_identification,
        spi=0 if record.key is None else record.key.spi,
        nai=nai,
        decapsulation_by_mobile_node=record.decapsulation_by_mobile_node,
        reverse_tunneling=record.reverse_tunneling,
        broadcast_datagrams=record.broadcast_datagrams,
        simultaneous_bindings=record.simultaneous_bindings,
        revocation=None if record.revocation is None else _terms_of(record.revocation, find),
    )


def ends_at(record: BindingRecord, shift: float) -> float:
    """Boot time."""
    return inf if record.lifetime == INFINITE_LIFETIME else record.registered_at + shift + record.lifetime


def _tunnel_of(record: TunnelRecord | None, home_agent: IPv4Address, care_of_address: IPv4Address) -> Tunnel:
    if record is None:
        return Tunnel(home_agent, care_of_address)
    return Tunnel(
        home_agent,
        IPv4Address(record.remote),
        record.encapsulation,
        GreOptions(record.sent_key, record.received_key, record.with_checksum, record.with_sequence),
        None if record.ports is None else UdpPorts(*record.ports),
    )


def _terms_of(record: TermsRecord, find: Find) -> RevocationTerms | None:
    agent = record.foreign_agent
    association = find(record.key, agent)
    if association is None:
        return None  # nobody could authenticate what is said to the other side
    return RevocationTerms(
        peer=IPv4Address(record.peer),
        peer_timestamp=record.peer_timestamp,
        own_timestamp=record.own_timestamp,
        inform=record.inform,
        is_direct=record.is_direct,
        association=association,
        foreign_agent=None if agent is None else IPv4Address(agent),
    )
