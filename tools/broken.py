"""A pytest plug-in: imports one file with one statement negated (see requirements_break.py), before anything else."""

import importlib.machinery
import json
import os
from pathlib import Path

from negate import broken_source

_breach = json.loads(os.environ["MOBILEIP_BROKEN"])
_read = importlib.machinery.SourceFileLoader.get_data


def _get_data(self: importlib.machinery.SourceFileLoader, path: str) -> bytes:
    if path.endswith(".pyc") and Path(_breach["file"]).stem + "." in path:
        raise OSError("a cached module would not be broken")
    if path == _breach["file"]:
        return broken_source(Path(path).read_text(), _breach["line"])[0].encode()
    return _read(self, path)


importlib.machinery.SourceFileLoader.get_data = _get_data  # type: ignore[method-assign]
