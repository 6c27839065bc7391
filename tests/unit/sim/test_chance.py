from mobileip.sim.chance import generator, poisson


def test_the_same_seed_and_use_give_the_same_draws() -> None:
    assert generator(1, "wires").random() == generator(1, "wires").random()


def test_another_seed_or_another_use_gives_others() -> None:
    draws = {generator(seed, use).random() for seed in (1, 2) for use in ("wires", "moves")}
    assert len(draws) == 4


def test_times_between_events_have_the_mean_that_was_asked_for() -> None:
    chance = generator(1, "times")
    times = [poisson(chance, 20.0) for _ in range(4000)]
    assert min(times) > 0
    assert 19 < sum(times) / len(times) < 21
