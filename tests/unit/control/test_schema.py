"""The published language only ever gains fields: what stands here was promised."""

import msgspec
import pytest

from mobileip.control import schema

PROMISED = {
    "ErrorView": "code message hint",
    "EngineView": "name reason",
    "RegistrationView": "home_address home_agent state registered care_of care_of_address interface agent "
    "granted_lifetime_seconds remaining_seconds last_denial clock_offset_seconds",
    "LinkView": "name state addresses score why metered leaving wanted preferred trusted_in_seconds delay_seconds loss",
    "HandoverView": "number time trigger reason from_interface from_care_of from_address to_interface to_care_of "
    "to_address make_before_break detection_ms waiting_ms registration_ms silence_ms",
    "StatusView": "schema verdict warnings roles engine device pid uptime_seconds home_agent bindings "
    "care_of_address visitors busy registration links",
    "BindingView": "home_address care_of_address home_agent encapsulation lifetime_seconds remaining_seconds "
    "registered_at spi colocated reverse_tunnel udp_endpoint",
    "VisitorView": "home_address home_agent care_of_address interface link_address lifetime_seconds "
    "remaining_seconds registered_at",
    "AgentView": "address interface link_address roles care_of_addresses busy registration_lifetime_seconds "
    "sequence_number heard_seconds_ago remaining_seconds",
    "TunnelView": "local remote encapsulation home_address direction packets octets",
    "TrafficView": "home_agent foreign_agent mobile_node packets discarded",
    "DoneView": "done",
    "RevokedView": "home_address revoked told not_told",
}


@pytest.mark.parametrize("name", PROMISED)
def test_no_field_is_lost(name: str) -> None:
    fields = {field.name for field in msgspec.structs.fields(getattr(schema, name))}
    assert set(PROMISED[name].split()) <= fields


def test_the_number_of_the_schema() -> None:
    assert schema.SCHEMA == 1
