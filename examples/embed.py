"""A program with a Mobile IP node inside: starts it, prints its events, ends it without leaving anything behind.

    python examples/embed.py mn.toml                  until Ctrl-C
    python examples/embed.py mn.toml --seconds 10

Needs what `mipd` needs: root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE.
"""

# ruff: noqa: T201 - printing is what this program does

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import mobileip


def show(event: dict[str, object]) -> None:
    fields = (f"{k}={v}" for k, v in event.items() if k not in ("schema", "id", "time", "boot_seconds", "event"))
    print(event["event"], *fields, flush=True)


async def live(configuration: mobileip.Configuration, run_directory: Path | None, seconds: float | None) -> None:
    over = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, over.set)
    node = mobileip.Node(configuration, run_directory)
    node.subscribe(show)
    node.on_end = lambda _: over.set()  # somebody said `mip stop`
    await node.start()
    try:
        print(node.snapshot().status.verdict, flush=True)
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        pass  # the seconds are over
    finally:
        await node.stop()


def main() -> int:
    command = argparse.ArgumentParser(description="Run a Mobile IP node inside this program.")
    command.add_argument("file", type=Path, help="configuration (TOML)")
    command.add_argument("--run-dir", type=Path, help="control socket and state (default /run/mip)")
    command.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl-C)")
    options = command.parse_args()
    try:
        asyncio.run(live(mobileip.load(options.file), options.run_dir, options.seconds))
    except (mobileip.ConfigurationError, mobileip.MachineError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
