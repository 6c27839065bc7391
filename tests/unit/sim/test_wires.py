from mobileip.sim.chance import generator
from mobileip.sim.wires import LATE_AT_LEAST, Wire


def many(wire: Wire) -> list[tuple[float, ...]]:
    chance = generator(1, "wires")
    return [wire.arrivals(chance) for _ in range(2000)]


def test_a_plain_wire_takes_its_delay() -> None:
    assert set(many(Wire(delay=0.003))) == {(0.003,)}


def test_a_lossy_one_loses_about_as_much_as_it_says() -> None:
    lost = sum(not arrivals for arrivals in many(Wire(loss=0.25)))
    assert 400 < lost < 600


def test_a_doubling_one_doubles() -> None:
    doubled = sum(len(arrivals) == 2 for arrivals in many(Wire(duplicate=0.25)))
    assert 400 < doubled < 600


def test_jitter_adds_up_to_so_much() -> None:
    times = [one for arrivals in many(Wire(delay=0.01, jitter=0.005)) for one in arrivals]
    assert 0.01 <= min(times) < 0.011
    assert 0.014 < max(times) <= Wire(delay=0.01, jitter=0.005).longest == 0.015


def test_what_is_reordered_comes_behind_others() -> None:
    wire = Wire(delay=0.001, reorder=0.1)
    late = [arrivals for arrivals in many(wire) if arrivals[0] > 0.002]
    assert 100 < len(late) < 300
    assert set(late) == {(0.001 + LATE_AT_LEAST,)}
    assert wire.longest == 0.001 + LATE_AT_LEAST


def test_a_healed_wire_loses_nothing_but_stays_as_long() -> None:
    wire = Wire(delay=0.01, jitter=0.005, loss=0.5, duplicate=0.5, reorder=0.5, mtu=1400).healed()
    assert wire == Wire(delay=0.01, jitter=0.005, mtu=1400)
