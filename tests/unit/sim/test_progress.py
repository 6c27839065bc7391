import io

import pytest

from mobileip.sim.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Stopwatch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


def test_what_is_quick_shows_nothing(stopwatch: Stopwatch) -> None:
    terminal = Terminal()
    progress = Progress(terminal, stopwatch)
    stopwatch.now += 0.9
    progress.show("5 nodes", 50.0, 100.0)
    progress.clear()
    assert terminal.getvalue() == ""


def test_what_takes_long_shows_how_far_it_is(stopwatch: Stopwatch) -> None:
    terminal = Terminal()
    progress = Progress(terminal, stopwatch)
    progress.begin()
    stopwatch.now += 2.0
    progress.show("5 nodes", 25.0, 100.0)
    progress.show("5 nodes", 26.0, 100.0)
    assert terminal.getvalue() == "\r5 nodes: 25 %, 25 s simulated, 6 s to go"
    assert progress.seconds == 2.0
    progress.clear()
    assert terminal.getvalue().endswith("\r")


def test_a_file_gets_nothing(stopwatch: Stopwatch) -> None:
    output = io.StringIO()
    progress = Progress(output, stopwatch)
    stopwatch.now += 5.0
    progress.show("5 nodes", 0.0, 100.0)
    assert output.getvalue() == ""
