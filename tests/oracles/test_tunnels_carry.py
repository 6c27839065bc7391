"""Traffic through tunnels between our data plane and a real Linux kernel's: each in every role, both ways."""

from collections.abc import Iterator

import pytest
from tests.oracles.world import CORRESPONDENT, FORMS, HOME_ADDRESS, Roles, Wire, World, world

pytestmark = [pytest.mark.netns, pytest.mark.no_engine, pytest.mark.oracle]

CASES = (
    *((roles, "ipip", False) for roles in (Roles.HOME_AGENT_TO_NODE, Roles.FOREIGN_AGENT_TO_HOME_AGENT)),
    *((roles, "ipip", True) for roles in Roles),
    (Roles.HOME_AGENT_TO_FOREIGN_AGENT, "gre_keys", True),
    (Roles.NODE_TO_HOME_AGENT, "gre_checksum", True),
    (Roles.HOME_AGENT_TO_NODE, "gre_all", True),
    (Roles.FOREIGN_AGENT_TO_HOME_AGENT, "gre_all", True),
)
"""Who is what, by which form, and whether what the mobile node sends goes by the tunnel too."""

SIZES = (0, 56, 1400, 1452, 1453, 1472, 1473, 3000, 20_000)
"""Octets of an echo request's content: what fits, what just fits and what must be fragmented before or after it is
encapsulated."""


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=lambda case: f"{case[0].value}-{case[1]}-{'reverse' if case[2] else 'direct'}",
)
def between(request: pytest.FixtureRequest, wire: Wire) -> Iterator[World]:
    roles, form, reverse = request.param
    with world(wire, roles, FORMS[form], reverse=reverse) as built:
        yield built


def test_echo_requests_of_all_sizes_come_by_the_tunnel_and_are_answered(between: World) -> None:
    for octets in SIZES:
        said = between.ping(f"-s {octets} -M dont")
        assert "1 received" in said, (said, between.plane.drops())
    for back in (False, True)[: 1 + between.reverse]:
        assert between.through(back=back) >= sum(SIZES)
        assert between.through_ours(back=back) >= sum(SIZES)


def test_what_the_mobile_node_asks_is_answered_by_the_tunnel(between: World) -> None:
    before = between.through()
    said = between.ping(f"-s 1400 -I {HOME_ADDRESS}", to=CORRESPONDENT, by=between.mobile)
    assert "1 received" in said, said
    assert between.through() - before >= 1400


@pytest.mark.parametrize(("protocol", "octets"), [("tcp", 2_000_000), ("udp", 500_000)])
def test_megabytes_come_out_as_they_went_in(between: World, protocol: str, octets: int) -> None:
    before = between.through(), between.through(back=True)
    between.carry(protocol, octets)
    assert between.through() - before[0] >= octets
    between.carry(protocol, octets // 2, to_mobile=False)
    assert between.through(back=True) - before[1] >= octets // 2 * between.reverse
    assert between.plane.drops().keys() <= {"dropped_too_big"}  # once: TCP learns by it what fits
