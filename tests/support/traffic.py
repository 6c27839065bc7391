"""A download and a voice-like stream each way through a lab, for tests that count what was lost of them."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.roaming import CORRESPONDENT, HOME_ADDRESS, eventually

from mobileip.lab.demo.traffic import Traffic
from mobileip.lab.laboratory import Lab


def boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@contextmanager
def traffic(
    lab: Lab,
    home_address: str = HOME_ADDRESS,
    correspondent: str = CORRESPONDENT,
    *,
    mobile: str = "mn",
    peer: str = "cn",
) -> Iterator[Traffic]:
    """A download and a stream, which are both under way when it begins; the download has to end well."""
    going = Traffic(
        lab,
        home_address=home_address,
        correspondent=correspondent,
        python=sys.executable,
        mobile=mobile,
        peer=peer,
    )
    since = boot()
    eventually(lambda: going.to_mobile_node().first_arrival(since), "the stream towards the mobile node")
    eventually(lambda: going.from_mobile_node().first_arrival(since), "the stream from the mobile node")
    eventually(lambda: going.downloaded() > 100_000, "the download")
    yield going
    download = going.finish()
    assert download.complete, f"{download.octets} octets came; curl: {lab.log(mobile, 'curl').read_text()!r}"
    assert download.checksum_equal
    assert going.from_mobile_node().sources == {home_address}
