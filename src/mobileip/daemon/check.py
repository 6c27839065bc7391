"""`mip check FILE...`: validates configuration files, without root and without network."""

import argparse
import sys
from pathlib import Path

from mobileip.daemon.config_file import ConfigurationError, load

EXIT_CONFIGURATION = 7


def main(arguments: list[str] | None = None) -> int:
    command = argparse.ArgumentParser(prog="mip check", description="Validate configuration files, key files included.")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    result = 0
    for path in command.parse_args(arguments).files:
        try:
            configuration = load(path)
        except ConfigurationError as error:
            result = EXIT_CONFIGURATION
            for line in error.errors:
                print(f"{path}: {line}", file=sys.stderr)
        else:
            print(f"{path}: good ({', '.join(configuration.roles)})")
    return result


if __name__ == "__main__":
    sys.exit(main())
