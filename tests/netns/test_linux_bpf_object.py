"""Objects, tables and trial runs of BPF in the running kernel."""

import errno
import struct
from collections.abc import Iterator

import pytest
from tests.support.bpf_program import COUNTER, REFUSED, compiled
from tests.support.unprivileged import without_capabilities

from mobileip.linux.bpf import libbpf, syscall
from mobileip.linux.bpf.libbpf import BpfObject
from mobileip.linux.bpf.maps import BpfMap
from mobileip.linux.errors import BpfRefused, BpfUnavailable

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

PACKET = bytes(12) + b"\x08\x00" + bytes(46)


@pytest.fixture
def opened() -> Iterator[BpfObject]:
    made = BpfObject(compiled(COUNTER))
    yield made
    made.close()


@pytest.fixture
def loaded(opened: BpfObject) -> BpfObject:
    opened.load()
    return opened


def key(number: int) -> bytes:
    return struct.pack("=I", number)


def value(number: int) -> bytes:
    return struct.pack("=Q", number)


def records(loaded: BpfObject) -> dict[bytes, bytes]:
    return dict(loaded.map("records").items())


def test_a_record_is_written_read_and_removed(loaded: BpfObject) -> None:
    table = loaded.map("records")
    assert table.update(key(1), value(10)) == 0
    assert table.update(key(1), value(11)) == 0
    assert table.lookup(key(1)) == value(11)
    assert table.lookup(key(2)) is None
    assert table.delete(key(1)) == 0
    assert table.lookup(key(1)) is None


def test_removing_what_is_not_there_is_no_error(loaded: BpfObject) -> None:
    table = loaded.map("records")
    table.update_many([(key(n), value(n)) for n in (1, 2, 3)])
    assert table.delete(key(9)) == 0
    assert table.delete_many([key(n) for n in (8, 1, 9, 9, 2, 7)]) == 0
    assert records(loaded) == {key(3): value(3)}


def test_removing_a_hundred_thousand_that_are_not_there_costs_no_more_for_each(loaded: BpfObject) -> None:
    """When all that follows was joined anew behind each of them this took minutes."""
    table = loaded.map("records")
    table.update_many([(key(n), value(n)) for n in (1, 99_999)])
    assert table.delete_many([key(n) for n in range(100_000)]) == 0
    assert records(loaded) == {}


def test_many_records_are_written_at_once(loaded: BpfObject) -> None:
    entries = [(key(n), value(n * n)) for n in range(8)]
    assert loaded.map("records").update_many(entries) == 0
    assert loaded.map("records").update_many([]) == 0
    assert records(loaded) == dict(entries)


def test_a_full_table_says_so_and_keeps_what_it_has(loaded: BpfObject) -> None:
    table = loaded.map("records")
    assert table.update_many([(key(n), value(n)) for n in range(9)]) == errno.E2BIG
    assert table.update(key(99), value(0)) == errno.E2BIG
    assert len(records(loaded)) == 8


def test_a_table_is_made_as_large_as_is_asked_for(opened: BpfObject) -> None:
    opened.set_max_entries("records", 20_000)
    opened.load()
    table = opened.map("records")
    assert table.max_entries == 20_000
    entries = [(key(n), value(n)) for n in range(20_000)]
    assert table.update_many(entries) == 0
    assert records(opened) == dict(entries)
    assert table.delete_many([key(n) for n in range(19_999)]) == 0
    assert records(opened) == {key(19_999): value(19_999)}


def test_where_the_kernel_has_no_batches_records_go_one_by_one(
    loaded: BpfObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("MAP_LOOKUP_BATCH", "MAP_UPDATE_BATCH", "MAP_DELETE_BATCH"):
        monkeypatch.setattr(syscall, command, 999)
    table = loaded.map("records")
    entries = [(key(n), value(n)) for n in range(5)]
    assert table.update_many(entries) == 0
    assert records(loaded) == dict(entries)
    assert table.delete_many([key(n) for n in (9, 0, 1, 2)]) == 0
    assert records(loaded) == dict(entries[3:])
    assert table.update_many([(key(n), value(n)) for n in range(20)]) == errno.E2BIG


def test_a_key_of_another_size_never_reaches_the_kernel(loaded: BpfObject) -> None:
    table = loaded.map("records")
    for call in (
        lambda: table.update(b"short"[:3], value(0)),
        lambda: table.update(key(0), b"long" * 3),
        lambda: table.update_many([(key(0) + b"x", value(0)), (key(1)[1:], value(0))]),
        lambda: table.delete(b""),
        lambda: table.delete_many([b"123"]),
        lambda: table.lookup(b"12345"),
    ):
        with pytest.raises(ValueError, match=r"structure|octets"):
            call()
    assert records(loaded) == {}


def test_a_table_per_processor_has_a_value_for_each(loaded: BpfObject) -> None:
    table = loaded.map("drops")
    values = table.lookup(key(1))
    assert values is not None
    assert len(values) == table.value_size
    assert len(values) % 8 == 0
    assert table.update(key(1), struct.pack("=II", 5, 0) * (table.value_size // 8)) == 0
    read = table.lookup(key(1))
    assert read is not None
    assert {count for (count, _) in struct.iter_unpack("=II", read)} == {5}
    assert [found for found, _ in table.items()] == [key(0), key(1)]


def test_mapped_memory_shows_what_the_program_counts(loaded: BpfObject) -> None:
    memory = loaded.map("counts").memory()
    for _ in range(3):
        syscall.test_run(loaded.program("first"), PACKET)
    syscall.test_run(loaded.program("second"), PACKET, repeat=4)
    assert struct.unpack_from("=QQ", memory) == (3, 4)
    memory[0:8] = value(100)
    syscall.test_run(loaded.program("first"), PACKET)
    assert loaded.map("counts").lookup(key(0)) == value(101)
    memory.close()


def test_memory_of_a_table_that_cannot_be_mapped_is_refused(loaded: BpfObject) -> None:
    with pytest.raises(OSError, match="Errno"):
        loaded.map("records").memory()


def test_a_trial_run_tells_verdict_packet_context_and_time(loaded: BpfObject) -> None:
    ran = syscall.test_run(loaded.program("second"), PACKET, context=bytes(8) + key(3) + bytes(180))
    assert ran.returned == -1
    assert ran.octets == PACKET + bytes(2)
    assert ran.nanoseconds > 0
    assert struct.unpack_from("=I", ran.context, 8) == (77,)
    plain = syscall.test_run(loaded.program("first"), PACKET, context=bytes(8) + key(3) + bytes(180))
    assert plain.octets == PACKET
    assert struct.unpack_from("=I", plain.context, 8) == (3,)


def test_a_packet_that_is_too_short_for_a_trial_is_refused(loaded: BpfObject) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        syscall.test_run(loaded.program("first"), b"short")


def test_a_program_that_the_verifier_refuses_is_named_with_its_reason(capfd: pytest.CaptureFixture[str]) -> None:
    opened = BpfObject(compiled(REFUSED))
    with pytest.raises(BpfRefused, match="program reckless: R1 offset is outside of the packet") as refused:
        opened.load()
    assert "\n" not in str(refused.value)
    assert "skb->data" in refused.value.hint or "r1 = *(u32 *)" in refused.value.hint
    assert capfd.readouterr() == ("", "")
    opened.close()


def test_what_is_no_object_is_refused_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    for octets in (b"", b"no object", bytes(4096), compiled(COUNTER)[:900]):
        with pytest.raises(BpfRefused, match=r"^no BPF object that can be used: [^\n]+$"):
            BpfObject(octets)
    assert capfd.readouterr() == ("", "")


def test_a_name_that_is_not_in_the_object_is_refused(opened: BpfObject) -> None:
    with pytest.raises(BpfRefused, match="no table nothing"):
        opened.map("nothing")
    with pytest.raises(BpfRefused, match="no table nothing"):
        opened.set_max_entries("nothing", 3)
    with pytest.raises(BpfRefused, match="no program nothing"):
        opened.program("nothing")


def test_a_table_of_no_entries_is_refused(opened: BpfObject) -> None:
    opened.set_max_entries("records", 0)
    with pytest.raises(BpfRefused, match=r"refuses the BPF object: .*records"):
        opened.load()


def test_without_capabilities_one_line_says_which_is_missing() -> None:
    octets = compiled(COUNTER)
    assert without_capabilities(lambda: BpfObject(octets).load()) == "BpfUnavailable: CAP_BPF is missing"


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libbpf, "LIBRARY", "libbpf.so.0.none")
    libbpf.library.cache_clear()
    try:
        with pytest.raises(BpfUnavailable, match="is not installed") as missing:
            BpfObject(b"")
        assert "libbpf1" in missing.value.hint
    finally:
        libbpf.library.cache_clear()


def test_closing_twice_does_no_harm() -> None:
    made = BpfObject(compiled(COUNTER))
    made.load()
    made.close()
    made.close()


def test_a_table_made_by_hand_needs_no_object() -> None:
    table = BpfMap(syscall.create_map(syscall.MAP_TYPE_HASH, 4, 8, 4, flags=syscall.F_NO_PREALLOC), 4, 8, 4)
    assert table.update(key(1), value(2)) == 0
    assert dict(table.items()) == {key(1): value(2)}
