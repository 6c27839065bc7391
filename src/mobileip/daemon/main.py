"""`mipd`: start-up as a list that can be read, then the loop until a signal or a command ends it."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

from mobileip.control.schema import ErrorView
from mobileip.control.version import version
from mobileip.daemon import log, sweep
from mobileip.daemon.config_file import Configuration, ConfigurationError, load
from mobileip.daemon.lock import DaemonLock, run_directory_of
from mobileip.daemon.service import End, Service
from mobileip.daemon.systemd import notify
from mobileip.linux.capabilities import has_tun, missing_capabilities
from mobileip.linux.errors import DeviceUnavailable, MachineError, PermissionMissing

EXIT_FAILED, EXIT_FORBIDDEN, EXIT_CONFIGURATION = 1, 6, 7


def parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="mipd", description="Mobile IPv4 daemon: home agent, foreign agent, mobile node."
    )
    command.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration (TOML)")
    command.add_argument("--run-dir", type=Path, metavar="DIR", help="control socket and state (default /run/mip)")
    command.add_argument("--check", action="store_true", help="validate the configuration and end")
    command.add_argument("--version", action="version", version=f"mipd {version()}", help="print the version and end")
    command.add_argument("-v", "--verbose", action="store_true", help="log at level debug")
    return command


def run_directory(arguments: argparse.Namespace, configuration: Configuration) -> Path:
    """--run-dir, else [daemon] run_dir, else $MIP_RUN_DIR, else /run/mip."""
    chosen: Path | None = arguments.run_dir
    return chosen if chosen is not None else run_directory_of(configuration.daemon)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        configuration = load(options.config)
    except ConfigurationError as error:
        for line in error.errors:
            print(f"mipd: {options.config}: {line}", file=sys.stderr)
        return EXIT_CONFIGURATION
    if options.check:
        print(f"{options.config}: good ({', '.join(configuration.roles)})")
        return 0
    log.configure("debug" if options.verbose else configuration.daemon.log_level, configuration.daemon.log_format)
    try:
        _check_machine()
        end = asyncio.run(_run(configuration, run_directory(options, configuration), options.config))
    except MachineError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"mipd: {error}{hint}", file=sys.stderr)
        return EXIT_FORBIDDEN if isinstance(error, PermissionMissing) else EXIT_FAILED
    if end is End.RESTART:
        command = [sys.executable, "-m", "mobileip.daemon.main", *(arguments or sys.argv[1:])]
        os.execv(sys.executable, command)  # noqa: S606 - ourselves, given as words
    return 0


def _check_machine() -> None:
    missing = missing_capabilities()
    if missing:
        raise PermissionMissing(f"missing: {', '.join(missing)}", "run as root or give the service these capabilities")
    if not has_tun():
        raise DeviceUnavailable("no TUN device: /dev/net/tun is missing", "the kernel needs CONFIG_TUN")


async def _run(configuration: Configuration, directory: Path, file: Path) -> End:
    """A whole life, from the lock until nothing is held any more."""
    lock = DaemonLock(directory)
    try:
        how = await _live(configuration, directory, file)
    finally:
        lock.release()
    return how


async def _live(configuration: Configuration, directory: Path, file: Path) -> End:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[End] = loop.create_future()
    no_patience = asyncio.Event()

    def end(how: End) -> ErrorView | None:
        if how is End.RESTART and (refusal := _unreadable(file)):
            return refusal
        if ended.done():
            no_patience.set()
        else:
            ended.set_result(how)
        return None

    service = Service(configuration, directory, end)
    loop.add_signal_handler(signal.SIGINT, end, End.REMOVE)
    loop.add_signal_handler(signal.SIGTERM, end, End.LEAVE)
    await service.start()
    # Python's collector looks at all that it knows now and then: 35 ms for our modules alone, in the midst of a
    # handover. What is here now stays as long as we do.
    gc.freeze()
    notify("READY=1", f"STATUS={service.status().verdict}")
    log.LOGGER.info("started", extra={"fields": {"roles": configuration.roles, "run_dir": directory}})
    how = await ended
    notify("STOPPING=1")
    await service.stop(how)
    device = configuration.daemon.device
    if how is not End.REMOVE and no_patience.is_set():
        # A second signal while we end: nobody is going to start another daemon, so nothing stays.
        how = End.REMOVE
        await sweep.remove_all(directory, device)
    elif how is not End.REMOVE:
        sweep.start(directory, device)  # after a restart too: the next daemon may fail to start
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # there is nothing left to end; a closing loop would trip over them
    log.LOGGER.info("ended", extra={"fields": {"how": how.value}})
    return how


def _unreadable(file: Path) -> ErrorView | None:
    """Why a daemon that starts anew would end at once: then the old one goes on."""
    try:
        load(file)
    except ConfigurationError as error:
        return ErrorView(code="configuration", message=f"{file}: {'; '.join(error.errors)}", hint="mended? once more")
    return None


if __name__ == "__main__":
    sys.exit(main())
