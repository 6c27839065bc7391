"""How the engine gets and loses its fast path: programs, tables and attachments are fakes."""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest

from mobileip.agents.events import Link
from mobileip.daemon import accelerator as module
from mobileip.daemon.accelerator import Accelerator
from mobileip.daemon.config_file import EngineChoice
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.bpf.clsact import Direction
from mobileip.linux.errors import BpfRefused, BpfUnavailable

DEVICE, ETHERNET, RAW = 9, 2, 3
ETH0 = Link(
    name="eth0", carrier=True, index=ETHERNET, link_address=b"\2\0\0\0\0\1", addresses=(IPv4Interface("192.0.2.1/24"),)
)
WWAN0 = Link(name="wwan0", carrier=True, index=RAW, link_address=b"")
TUNNEL = Tunnel(local=IPv4Address("192.0.2.1"), remote=IPv4Address("198.51.100.1"))

ON_DEVICE = f"{DEVICE} EGRESS mip_encap"
ON_ETHERNET = f"{ETHERNET} INGRESS mip_decap_ethernet"
ON_RAW = f"{RAW} INGRESS mip_decap_raw"


class Programs:
    """Stands in for `LoadedPrograms`."""

    refusal: Exception | None = None
    last: "Programs"

    def __init__(self, on_replaced: Callable[[], None]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.on_replaced = on_replaced
        self.device = 0
        self.realms: dict[int, int] = {}
        self.is_closed = False
        type(self).last = self

    def program(self, name: str) -> int:
        return 100

    def set_device(self, index: int) -> None:
        self.device = index

    def set_realm(self, index: int, realm: int) -> None:
        self.realms[index] = realm

    def close(self) -> None:
        self.is_closed = True


class Fast:
    """Stands in for `EbpfFastPath`."""

    error = 0
    last: "Fast"

    def __init__(
        self,
        programs: Programs,
        tables: object,
        link: Callable[[str], LinkFacts | None],
        link_towards: Callable[[Tunnel], tuple[LinkFacts, int] | None],
    ) -> None:
        self.link, self.link_towards = link, link_towards
        self.changed: list[str] = []
        type(self).last = self

    def begin(self) -> int:
        return self.error

    def link_changed(self, name: str) -> int:
        self.changed.append(name)
        return self.error

    def ways_changed(self) -> int:
        self.changed.append("ways")
        return self.error


class Attached:
    """Stands in for `Attachments`: what is attached, as `index DIRECTION name`."""

    method = "magic"

    def __init__(self) -> None:
        self.now: list[str] = ["7 INGRESS former"]
        self.refused: set[int] = set()
        self.times = 0
        self.is_closed = False

    def attach(self, interface: int, direction: Direction, program: int, name: str) -> None:
        assert program == 100
        self.times += 1
        if interface in self.refused:
            raise BpfRefused(f"can't be attached to {interface}")
        words = f"{interface} {direction.name} {name}"
        if words not in self.now:
            self.now.append(words)

    def forget(self, interface: int) -> None:
        self.now = [words for words in self.now if words.split()[0] != str(interface)]

    def sweep(self, keep: bool = False, *, for_now: bool = False) -> None:
        self.now = [words for words in self.now if keep and "former" not in words]

    def close(self) -> None:
        self.is_closed = True


class Engine:
    tables = object()

    def __init__(self) -> None:
        self.fast: Any = None
        self.on_trouble: Callable[[int], None] = lambda _: None

    def accelerate(self, fast: Any, on_trouble: Callable[[int], None] = lambda _: None) -> None:
        self.fast, self.on_trouble = fast, on_trouble


class Scene:
    """An accelerator and all around it."""

    def __init__(self) -> None:
        self.engine, self.attached = Engine(), Attached()
        self.device = DEVICE
        self.links: dict[str, Link] = {"eth0": ETH0, "wwan0": WWAN0}
        self.told: list[str] = []

    def made(self, choice: EngineChoice = EngineChoice.AUTO) -> Accelerator:
        engine: Any = self.engine
        attached: Any = self.attached
        return Accelerator(
            choice,
            engine,
            attached,
            device_index=lambda: self.device,
            links=self._links,
            path_mtu=lambda tunnel: 1400,
            notify=self.told.append,
        )

    def started(self, choice: EngineChoice = EngineChoice.AUTO) -> Accelerator:
        made = self.made(choice)
        made.start()
        return made

    def _links(self) -> Mapping[str, Link]:
        return self.links


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(module, "LoadedPrograms", Programs)
    monkeypatch.setattr(module, "EbpfFastPath", Fast)
    monkeypatch.setattr(module, "require_bpf", lambda: None)
    monkeypatch.setattr(Programs, "refusal", None)
    monkeypatch.setattr(Fast, "error", 0)
    return Scene()


@pytest.mark.parametrize(
    ("choice", "why"), [(EngineChoice.AUTO, "this kernel takes it"), (EngineChoice.EBPF, "chosen")]
)
def test_programs_are_attached_to_the_device_and_to_every_link(scene: Scene, choice: EngineChoice, why: str) -> None:
    accelerator = scene.started(choice)
    assert scene.attached.now == [ON_DEVICE, ON_ETHERNET, ON_RAW], "and nothing of a former daemon"
    assert accelerator.programs is Programs.last
    assert scene.engine.fast is Fast.last
    assert Programs.last.device == DEVICE
    assert (accelerator.choice, accelerator.reason) == (choice, f"{why}; attached by magic")
    assert scene.told == []


def test_where_user_space_is_chosen_nothing_of_a_former_daemon_stays_attached(scene: Scene) -> None:
    accelerator = scene.started(EngineChoice.USERSPACE)
    assert (scene.attached.now, scene.engine.fast, accelerator.programs) == ([], None, None)
    assert accelerator.reason == "chosen"


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (BpfUnavailable("CAP_BPF is missing", "run as root"), "no fast path: CAP_BPF is missing (run as root)"),
        (BpfRefused("it smells"), "no fast path: it smells"),
    ],
)
def test_what_the_machine_lacks_is_the_reason(
    scene: Scene, refusal: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Programs, "refusal", refusal)
    accelerator = scene.started()
    assert (accelerator.reason, accelerator.programs, scene.engine.fast) == (reason, None, None)
    assert scene.attached.now == []


def test_tables_that_can_not_be_written_are_no_fast_path(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fast, "error", 12)
    accelerator = scene.started()
    assert accelerator.reason == "no fast path: its tables can't be written: Cannot allocate memory"
    assert (scene.attached.now, scene.engine.fast, accelerator.programs) == ([], None, None)
    assert Programs.last.is_closed


def test_a_device_that_takes_no_program_is_no_fast_path(scene: Scene) -> None:
    scene.attached.refused = {DEVICE}
    accelerator = scene.started()
    assert accelerator.reason == f"no fast path: can't be attached to {DEVICE}"
    assert (scene.attached.now, scene.engine.fast) == ([], None)


def test_a_link_that_takes_no_program_is_told_and_left_to_user_space(scene: Scene) -> None:
    scene.attached.refused = {ETHERNET}
    accelerator = scene.started()
    assert scene.attached.now == [ON_DEVICE, ON_RAW]
    assert accelerator.reason == f"this kernel takes it; attached by magic; can't be attached to {ETHERNET}"
    scene.attached.refused.clear()
    accelerator.link_changed(ETH0)
    assert accelerator.reason == "this kernel takes it; attached by magic"
    assert ON_ETHERNET in scene.attached.now


def test_a_link_of_an_unknown_kind_is_left_to_user_space(scene: Scene) -> None:
    scene.links = {"ib0": Link(name="ib0", carrier=True, index=ETHERNET, link_address=bytes(20))}
    scene.started()
    assert scene.attached.now == [ON_DEVICE]


async def test_the_engine_is_chosen_at_run_time(scene: Scene) -> None:
    accelerator = scene.started()
    await accelerator.choose(EngineChoice.USERSPACE)
    assert (accelerator.reason, scene.attached.now, scene.engine.fast) == ("chosen", [], None)
    assert Programs.last.is_closed
    await accelerator.choose(EngineChoice.EBPF)
    assert (accelerator.reason, scene.engine.fast) == ("chosen; attached by magic", Fast.last)
    await accelerator.choose(EngineChoice.AUTO)
    assert (accelerator.reason, accelerator.choice) == ("this kernel takes it; attached by magic", EngineChoice.AUTO)


def test_a_table_that_fails_ends_the_fast_path_and_somebody_hears_of_it(scene: Scene) -> None:
    accelerator = scene.started()
    scene.engine.on_trouble(28)
    assert scene.told == ["no fast path: its tables can't be written: No space left on device"]
    assert (accelerator.reason, scene.attached.now) == (scene.told[0], [])


def test_what_is_attached_goes_on_when_the_daemon_leaves(scene: Scene) -> None:
    scene.started().leave()
    assert scene.attached.now == [ON_DEVICE, ON_ETHERNET, ON_RAW]
    assert scene.attached.is_closed
    assert Programs.last.is_closed


def test_a_daemon_without_a_fast_path_leaves(scene: Scene) -> None:
    scene.started(EngineChoice.USERSPACE).leave()
    assert scene.attached.is_closed


def test_nothing_stays_attached_when_it_is_removed(scene: Scene) -> None:
    scene.started().remove()
    assert (scene.attached.now, scene.attached.is_closed, Programs.last.is_closed) == ([], True, True)


def test_a_device_that_is_made_anew_gets_the_program(scene: Scene) -> None:
    accelerator = scene.started()
    scene.device = 0
    accelerator.device_changed()
    assert scene.attached.now == [ON_ETHERNET, ON_RAW]
    scene.device = 11
    accelerator.device_changed()
    assert scene.attached.now == [ON_ETHERNET, ON_RAW, "11 EGRESS mip_encap"]
    assert Programs.last.device == 11


def test_links_come_and_go(scene: Scene) -> None:
    accelerator = scene.started()
    eth1 = Link(name="eth1", carrier=True, index=5, link_address=b"\2\0\0\0\0\2")
    accelerator.link_changed(eth1)
    assert scene.attached.now[-1] == "5 INGRESS mip_decap_ethernet"
    assert Fast.last.link("eth1") == LinkFacts(5, eth1.link_address)
    accelerator.link_changed(eth1)
    assert Fast.last.changed == ["eth1", "ways", "ways"], "it is the same"
    accelerator.link_removed("eth1")
    assert scene.attached.now == [ON_DEVICE, ON_ETHERNET, ON_RAW]
    assert Fast.last.link("eth1") is None
    assert Fast.last.changed[-1] == "eth1"


def test_a_link_of_the_same_name_with_another_index_takes_the_place_of_the_former(scene: Scene) -> None:
    accelerator = scene.started()
    accelerator.link_changed(Link(name="wwan0", carrier=True, index=6, link_address=b""))
    assert scene.attached.now == [ON_DEVICE, ON_ETHERNET, "6 INGRESS mip_decap_raw"]


def test_a_link_change_that_the_tables_do_not_take_ends_the_fast_path(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    accelerator = scene.started()
    monkeypatch.setattr(Fast, "error", 12)
    accelerator.link_removed("eth0")
    assert scene.engine.fast is None
    assert len(scene.told) == 1


def test_without_a_fast_path_changes_of_the_machine_are_nothing(scene: Scene) -> None:
    accelerator = scene.started(EngineChoice.USERSPACE)
    accelerator.device_changed()
    accelerator.link_changed(ETH0)
    accelerator.link_removed("eth0")
    accelerator.realms_opened({12: 1})
    assert scene.attached.times == 0


def test_each_realm_has_a_device_with_the_program(scene: Scene) -> None:
    accelerator = scene.started()
    accelerator.realms_opened({12: 1, 13: 2})
    assert scene.attached.now[3:] == ["12 EGRESS mip_encap", "13 EGRESS mip_encap"]
    assert Programs.last.realms == {12: 1, 13: 2}
    accelerator.realms_opened({13: 2})
    assert scene.attached.now[3:] == ["13 EGRESS mip_encap"]
    assert Programs.last.realms == {12: 0, 13: 2}


def test_larger_tables_have_programs_that_replace_what_is_attached(scene: Scene) -> None:
    scene.started()
    before = scene.attached.times
    Programs.last.on_replaced()
    assert scene.attached.times == 2 * before


def test_programs_that_are_not_at_work_yet_replace_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(_: Fast) -> int:
        Programs.last.on_replaced()
        return 0

    monkeypatch.setattr(Fast, "begin", begin)
    scene.started()
    assert scene.attached.times == 3


def test_the_link_towards_a_tunnel_is_that_of_its_near_end(scene: Scene) -> None:
    scene.started()
    assert Fast.last.link_towards(TUNNEL) == (LinkFacts(ETHERNET, ETH0.link_address), 1400)
    scene.links = {"wwan0": WWAN0}
    assert Fast.last.link_towards(TUNNEL) is None


def test_a_kernel_before_5_10_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobileip.linux.bpf.available.kernel_release", lambda: (5, 4))
    with pytest.raises(BpfUnavailable, match=r"^this kernel is Linux 5\.4$"):
        module.require_bpf()
    monkeypatch.setattr("mobileip.linux.bpf.available.kernel_release", lambda: (5, 10))
    module.require_bpf()
