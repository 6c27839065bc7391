"""What the mobile node learns of its paths from the machine: answers to probes, the use of links, and that it slept."""

from collections.abc import Callable

from mobileip.agents.events import Event, LinkUsed, ProbeAnswered, Resumed
from mobileip.agents.outputs import Departure
from mobileip.linux import entropy
from mobileip.linux.link_use import link_use
from mobileip.linux.probes import Prober, SendFrame
from mobileip.linux.sleep_watch import SleepWatch


class Paths:
    """Implements `daemon.perform.Paths`. Raises: what `Prober` raises."""

    def __init__(self, send_frame: SendFrame, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._prober = Prober(send_frame, self._answered)
        self._sleep = SleepWatch(self.resumed)

    def start(self) -> None:
        """Raises: OSError."""
        self._prober.start()
        self._sleep.start()

    def stop(self) -> None:
        self._prober.stop()
        self._sleep.stop()

    def probe(self, departure: Departure, number: int) -> None:
        """What the machine refuses to send is no message that was lost to anybody: it stays unanswered, which tells."""
        self._prober.send(departure, number)

    def use(self, interface: str) -> LinkUsed | None:
        try:
            counted = link_use(interface)
        except OSError:
            return None  # a kernel before 4.7: as if the link were idle
        if counted is None:
            return None
        return LinkUsed(interface=interface, sent=counted.sent, received=counted.received, entropy=entropy.draw())

    def resumed(self) -> None:
        self._on_event(Resumed(entropy=entropy.draw()))

    def _answered(self, interface: str, number: int) -> None:
        self._on_event(ProbeAnswered(interface=interface, number=number, entropy=entropy.draw()))
