"""Keeps the tunnel device there, up and read, whatever other programs do to it; tries again for as long as they don't
let it be made anew.
"""

import asyncio
from collections.abc import Callable

from mobileip.linux.errors import MachineError
from mobileip.linux.tun import TunnelDevice

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
"""Between two tries; each pause is twice the one before."""

OnTrouble = Callable[[MachineError | None], None]
"""Why the device is lost, once for each reason; None: it is there again."""


class DeviceKeeper:
    """`read`: packets wait in the device. `again`: it is time to call `repair` again."""

    def __init__(
        self, device: TunnelDevice, read: Callable[[], object], again: Callable[[], None], on_trouble: OnTrouble
    ) -> None:
        self._device = device
        self._read = read
        self._again = again
        self._on_trouble = on_trouble
        self._read_from = -1
        self._trouble: str | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """From here on the device is read."""
        self._follow()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._read_from >= 0:
            asyncio.get_running_loop().remove_reader(self._read_from)
            self._read_from = -1

    def changed(self) -> bool:
        """Others changed something: whether the device is there and up, or could be made so."""
        if self._timer is None:
            return self._repair()
        # Not at once: what we did in vain may be the change. Soon: the name may be free again.
        self._arm(min(FIRST_PAUSE_SECONDS, self._timer.when() - asyncio.get_running_loop().time()))
        return False

    def _repair(self) -> bool:
        try:
            self._device.repair()
        except MachineError as error:
            self._follow()
            self._lost(error)
            return False
        self._follow()
        self._pause = FIRST_PAUSE_SECONDS
        if self._trouble is not None:
            self._trouble = None
            self._on_trouble(None)
        return True

    def _lost(self, error: MachineError) -> None:
        self._arm(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        if self._trouble != str(error):
            self._trouble = str(error)
            self._on_trouble(error)

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._expired)

    def _expired(self) -> None:
        self._timer = None
        self._again()

    def _follow(self) -> None:
        """Reads what is the device now. Always anew: another descriptor may have the number of the one before."""
        loop = asyncio.get_running_loop()
        if self._read_from >= 0:
            loop.remove_reader(self._read_from)
        self._read_from = self._device.fileno()
        if self._read_from >= 0:
            loop.add_reader(self._read_from, self._read)
