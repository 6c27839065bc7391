from mobileip.linux import entropy


def test_every_draw_is_fresh_and_long_enough() -> None:
    draws = {entropy.draw() for _ in range(100)}
    assert len(draws) == 100
    assert {len(draw) for draw in draws} == {32}
