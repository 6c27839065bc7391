"""Random packets through every encapsulation and back; and what arrives of them when the network changed something.

python -m tools.fuzz.encapsulations [--seed N] [--count N]     exit code 1, and what to repeat it with, for a bug
"""

import argparse
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import Random, SystemRandom
from struct import Struct

from tools.fuzz.encapsulation_forms import FORMS, Form, arriving, header_repaired
from tools.fuzz.generate import mutate

from mobileip.wire.errors import DecodeError

DEFAULT_COUNT = 100_000
LONGEST_PAYLOAD = 1480
FRAGMENT = 0x3FFF
_HEADER = Struct("!BBHHHBBH8s")


class Lost(Exception):
    """What came out is not what went in."""


def random_packet(random: Random, *, whole: bool) -> bytes:
    """A valid IPv4 packet; `whole`: no fragment."""
    options = random.randbytes(4 * random.choice((0, 0, 0, 1, 10)))
    payload = random.randbytes(random.randrange(random.choice((1, 16, 100, LONGEST_PAYLOAD))))
    fragment = random.getrandbits(16) if random.random() < 0.3 else random.choice((0, 0x4000))
    header = _HEADER.pack(
        0x45 + len(options) // 4,
        random.getrandbits(8),
        20 + len(options) + len(payload),
        random.getrandbits(16),
        fragment & ~FRAGMENT if whole else fragment,
        random.getrandbits(8),
        random.getrandbits(8),
        0,
        random.randbytes(8),
    )
    return header_repaired(header + options + payload)


def examine(form: Form, inner: bytes, random: Random) -> None:
    """One packet there and back, and twice with damage.

    Raises: any exception, which is a bug.
    """
    outer = form.encapsulate(inner, random.getrandbits(32))
    if (arrived := form.decapsulate(outer)) != inner:
        raise Lost(f"{outer.hex()} came out as {arrived.hex()}")
    one_octet = bytearray(outer)
    one_octet[random.randrange((outer[0] & 15) * 4)] = random.getrandbits(8)
    if arriving(form, bytes(one_octet)) not in (None, inner):
        raise Lost(f"a changed outer header, {one_octet.hex()}, was taken for another packet")
    much = bytearray(outer)
    mutate(random, much)
    with suppress(DecodeError):
        form.decapsulate(bytes(much))


def main(words: Sequence[str] | None = None, forms: Mapping[str, Form] = FORMS) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz.encapsulations")
    parser.add_argument("--seed", type=int, help="of the generator (random, and printed)")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="packets for each encapsulation (%(default)s)")
    chosen = parser.parse_args(words)
    seed = SystemRandom().randrange(1, 1 << 31) if chosen.seed is None else chosen.seed
    print(f"fuzz: {chosen.count:,} packets for each of {', '.join(forms)}, seed {seed}", flush=True)
    begun = time.monotonic()
    for name, form in forms.items():
        random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        for number in range(1, chosen.count + 1):
            inner = random_packet(random, whole=form.keeps_header)
            try:
                examine(form, inner, random)
            except Exception as error:  # whatever it is: that is the question
                traceback.print_exception(error, file=sys.stdout)
                print(f"BUG: {name}, inner packet {inner.hex()}, seed {seed}, packet {number}")
                return 1
    print(f"fuzz: all came out as they went in, in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
