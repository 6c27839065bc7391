import pytest
from bench.dataplane.__main__ import main
from bench.dataplane.catalogue import AnyEntry, Entry, chosen, everything
from bench.dataplane.topology import Place


def names(entries: list[AnyEntry]) -> list[str]:
    return [name for entry in entries for name in entry.names]


def test_everything_has_a_name_of_its_own() -> None:
    found = names(everything())
    assert len(set(found)) == len(found)
    expected = {
        "tcp.ipip.home_agent.ebpf",
        "tcp_one_core.ipip.mobile_node.ebpf",
        "tcp_one_core.vxlan",
        "pps.udp.mobile_node.userspace",
        "cpu.gre.foreign_agent.ebpf",
        "pps.ipip.home_agent.ebpf.1e6",
        "pps.ipip.home_agent.userspace.1e4",
        "tcp.vxlan",
        "tcp.openvpn",
        "pps.openvpn.mobile_node",
        "tcp.bystander.ebpf",
        "nanoseconds.encap.ipip",
    }
    assert expected <= set(found)


def test_a_tunnel_in_a_process_is_not_measured_on_the_streams_core() -> None:
    found = names(chosen(everything(), ["tcp_one_core"]))
    assert len(found) == 2 + 3 * 4
    assert not [name for name in found if name.endswith("userspace") or "openvpn" in name]


def test_a_part_is_chosen_by_the_words_that_it_begins_with() -> None:
    assert names(chosen(everything(), ["tcp.vxlan", "pps.ipip.home_agent.ebpf.1e6"])) == [
        "tcp.vxlan",
        "tcp.vxlan.mobile_node",
        "pps.ipip.home_agent.ebpf.1e6",
    ]
    assert len(names(chosen(everything(), ["tcp.ipip"]))) == 6
    assert names(chosen(everything(), ["nanoseconds.decap"])) == [
        f"nanoseconds.decap.{form}" for form in ("ipip", "minimal", "gre", "udp")
    ]
    assert chosen(everything(), ["tcp.ip"]) == []
    assert names(chosen(everything(), [])) == names(everything())


@pytest.mark.parametrize("name", ["tcp.udp.mobile_node.ebpf", "tcp.vxlan.mobile_node", "tcp.openvpn.mobile_node"])
def test_the_way_back_is_measured_from_the_mobile_node(name: str) -> None:
    (entry,) = chosen(everything(), [name])
    assert isinstance(entry, Entry)
    assert (entry.scene.sender, entry.scene.receiver) == (Place.MOBILE_NODE, Place.CORRESPONDENT)
    assert entry.scene.plain.destination == entry.scene.measured.destination


def test_the_names_can_be_listed_and_a_wrong_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "cpu.openvpn"]) == 0
    assert capsys.readouterr().out == "cpu.openvpn\ncpu.openvpn.mobile_node\n"
    assert main(["--only", "tcp.wireguard"]) == 2
    assert capsys.readouterr().err == "nothing to measure: --list says the names\n"
