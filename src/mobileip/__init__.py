"""Mobile IPv4 for Linux. For programs that embed a node: `mobileip.Node`, `mobileip.load` (see `mobileip.api`)."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobileip.api import Configuration, ConfigurationError, End, MachineError, Node, Snapshot, load, parse

__all__ = ["Configuration", "ConfigurationError", "End", "MachineError", "Node", "Snapshot", "load", "parse"]


def __getattr__(name: str) -> object:
    """Lazily (PEP 562): every `import mobileip.x` runs this file, and `mip`, which is to answer within 50 ms, can't
    wait for the import of a whole daemon.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("mobileip.api"), name)
