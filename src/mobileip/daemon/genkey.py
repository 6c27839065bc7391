"""`mip genkey`: prints a fresh key of 128 bits; `umask 077; mip genkey > mn.key` makes a key file."""

import sys

from mobileip.daemon.keys import generate_key


def main() -> int:
    print(generate_key())
    return 0


if __name__ == "__main__":
    sys.exit(main())
