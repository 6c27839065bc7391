"""Random packets through every encapsulation: the generator repeats itself, and finds bugs that are there."""

from random import Random

import pytest
from tools.fuzz.encapsulation_forms import FORMS, GRE_FORMS, Form
from tools.fuzz.encapsulations import main, random_packet

from mobileip.wire.ip.ipv4 import decode_ipv4

GRE = FORMS["gre"]


def _loses_an_octet(outer: bytes) -> bytes:
    inner = GRE.decapsulate(outer)
    return inner[:-1] if len(inner) == 77 else inner


def _reads_too_far(outer: bytes) -> bytes:
    """Trusts a length."""
    is_late = outer[min(outer[3], 40)] == 0
    return b"" if is_late and outer[40] else GRE.decapsulate(outer)


PLANTED = {
    "Lost": Form(GRE.encapsulate, _loses_an_octet),
    "IndexError": Form(GRE.encapsulate, _reads_too_far),
}


def test_all_come_out_as_they_went_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "2004", "--count", "300"], FORMS | GRE_FORMS) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in FORMS | GRE_FORMS)
    assert "seed 2004" in told
    assert "all came out as they went in" in told


def test_packets_are_valid_and_of_every_kind() -> None:
    packets = [decode_ipv4(random_packet(Random(seed), whole=False)) for seed in range(300)]
    assert {packet.is_fragment for packet in packets} == {True, False}
    assert {len(packet.options) for packet in packets} == {0, 4, 40}
    assert {packet.dont_fragment for packet in packets} == {True, False}
    assert max(len(packet.payload) for packet in packets) > 1000
    assert min(len(packet.payload) for packet in packets) == 0
    assert not any(decode_ipv4(random_packet(Random(seed), whole=True)).is_fragment for seed in range(300))


def test_the_same_seed_gives_the_same_packets() -> None:
    first, second = ([random_packet(random, whole=False) for _ in range(50)] for random in (Random(1), Random(1)))
    assert first == second


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_bug_is_found_and_told_with_all_that_repeats_it(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--seed", "7", "--count", "20000"], {"planted": PLANTED[kind]}) == 1
    *_, error, bug = capsys.readouterr().out.splitlines()
    assert kind in error
    assert bug.startswith("BUG: planted, inner packet 4")
    assert "seed 7, packet " in bug
