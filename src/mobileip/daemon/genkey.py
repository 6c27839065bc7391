"""`mip genkey`: prints a fresh key of 128 bits; `umask 077; mip genkey > mn.key` makes a key file."""

import argparse
import sys

from mobileip.daemon.keys import generate_key


def main(arguments: list[str] | None = None) -> int:
    command = argparse.ArgumentParser(prog="mip genkey", description="Print a fresh key of 128 bits.")
    command.epilog = "umask 077; mip genkey > mn.key makes a key file."
    command.parse_args(arguments)
    print(generate_key())
    return 0


if __name__ == "__main__":
    sys.exit(main())
