"""Plans: what is to be done for a topology."""

import pytest

from mobileip.lab import plan, topology

ROAMING = topology.load("roaming")


def lines_of(steps: tuple[plan.Step, ...]) -> list[str]:
    return [f"{step.namespace}: {line}" for step in steps for line in step.lines]


@pytest.mark.parametrize("name", topology.names())
def test_every_interface_is_made_once_with_an_address_of_its_own(name: str) -> None:
    loaded = topology.load(name)
    lines = lines_of(plan.make(loaded, "x", rp_filter=1).links)
    macs = [line.rpartition("address ")[2].split()[0] for line in lines if " address 02:" in line]
    assert len(macs) == len(set(macs)) == sum(len(node.interfaces) for node in loaded.nodes.values())


def test_a_cable_ends_in_its_networks_switch() -> None:
    lines = lines_of(plan.make(ROAMING, "x", rp_filter=1).links)
    made = "mip-x-mn: link add eth0 address 02:00:00:00:09:00 type veth peer name mn-eth0 netns mip-x-switches"
    plugged = "mip-x-switches: link set mn-eth0 master home up"
    assert lines.index(made) < lines.index(plugged)
    assert lines.index("mip-x-switches: link set home up") < lines.index(plugged)


def test_a_wire_is_a_tap_at_both_ends() -> None:
    lines = lines_of(plan.make(ROAMING, "x", rp_filter=1).links)
    assert "mip-x-internet: tuntap add dev eth2 mode tap" in lines
    assert "mip-x-fa1: tuntap add dev eth0 mode tap" in lines
    (address,) = [line for line in lines if line.startswith("mip-x-fa1: link set eth0 address")]
    assert address.endswith(" txqueuelen 5000"), "a wire that is late loses nothing"


def test_with_netem_a_wire_is_a_veth_pair_made_once_and_shaped_at_both_ends() -> None:
    made = plan.make(ROAMING, "x", rp_filter=1, netem=True)
    lines = lines_of(made.links)
    assert not [line for line in lines if "tuntap" in line]
    assert [line for line in lines if "peer name eth0 netns mip-x-fa1" in line] == [
        "mip-x-internet: link add eth2 address 02:00:00:00:01:02 type veth peer name eth0 netns mip-x-fa1"
    ]
    assert "mip-x-fa1: link set eth0 address 02:00:00:00:05:00" in lines
    shaped = "qdisc add dev {} root netem delay 5ms rate 100mbit loss 0% limit 1000"
    assert f"mip-x-internet: {shaped.format('eth2')}" in lines_of(made.queues)
    assert f"mip-x-fa1: {shaped.format('eth0')}" in lines_of(made.queues)


def test_a_netem_line_says_what_the_wire_says() -> None:
    wire = topology.Wire(delay_ms=12.5, rate_mbit=2, loss=0.05)
    assert plan.netem_line("change", "eth0", wire) == (
        "qdisc change dev eth0 root netem delay 12.5ms rate 2mbit loss 5% limit 1000"
    )


@pytest.mark.parametrize("value", [0, 1, 2])
def test_the_hosts_rp_filter_is_set_wherever_the_lab_relies_on_no_other(value: int) -> None:
    sysctls = plan.make(ROAMING, "x", rp_filter=value).sysctls
    for node_name, node in ROAMING.nodes.items():
        for scope in ("all", "default"):
            found = sysctls[f"mip-x-{node_name}"][f"net/ipv4/conf/{scope}/rp_filter"]
            assert found == ("0" if node.router else str(value))


def test_only_plain_routers_forward_by_themselves() -> None:
    """Daemons of agents must switch forwarding on by themselves."""
    sysctls = plan.make(ROAMING, "x", rp_filter=1).sysctls
    forwarding = [name for name, values in sysctls.items() if values["net/ipv4/ip_forward"] == "1"]
    assert forwarding == ["mip-x-internet", "mip-x-visited", "mip-x-nat"]


def test_every_namespace_sets_every_sysctl() -> None:
    made = plan.make(ROAMING, "x", rp_filter=1)
    assert set(made.sysctls) == set(made.namespaces)
    assert len({frozenset(values) for values in made.sysctls.values()}) == 1


def test_addresses_and_routes_come_when_links_are_up() -> None:
    steps = {step.namespace: step.lines for step in plan.make(ROAMING, "x", rp_filter=1).addresses}
    assert steps["mip-x-cn"] == (
        "link set eth0 up",
        "address add 198.51.100.10/24 brd + dev eth0",
        "route add default via 198.51.100.1",
    )
    assert steps["mip-x-mn"] == ("link set eth0 up",)
