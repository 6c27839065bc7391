from collections.abc import Callable

import pytest
from bench.dataplane.pairing import alternate, summarize


@pytest.mark.parametrize(("run", "order"), [(0, "plain tunnel"), (1, "tunnel plain"), (2, "plain tunnel")])
def test_each_run_begins_with_the_half_that_the_run_before_ended_with(run: int, order: str) -> None:
    done: list[str] = []

    def half(name: str, value: float) -> Callable[[], float]:
        return lambda: done.append(name) or value

    assert alternate(half("plain", 8.0), half("tunnel", 2.0), run) == (2.0, 8.0)
    assert done == order.split()


def test_the_ratio_is_that_of_the_pairs_and_not_of_the_medians() -> None:
    result = summarize("tcp.vxlan", "Gbit/s", [(5.0, 10.0), (9.0, 10.0), (16.0, 20.0)])
    assert (result.value, result.baseline) == (9.0, 10.0)
    assert (result.ratio, result.spread, result.runs) == (0.8, (0.5, 0.9), 3)


def test_counts_of_packets_have_no_fraction_and_small_figures_four_digits() -> None:
    assert summarize("pps", "packets/s", [(123_456.7, 200_000.2)]).value == 123_457
    assert summarize("tcp", "Gbit/s", [(0.123456, 1.0)]).value == 0.1235
