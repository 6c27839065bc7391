"""Configuration documents that are good, for tests that spoil one key at a time."""

from pathlib import Path
from typing import Any

KEY_FILE = "key"

ASSOCIATION = {"spi": 256, "key_file": KEY_FILE}


def key_file(folder: Path, content: str = "00" * 16, name: str = KEY_FILE, mode: int = 0o600) -> Path:
    """A file with a key, as `mip genkey` makes it."""
    path = folder / name
    path.write_text(content)
    path.chmod(mode)
    return path


def documents() -> dict[str, dict[str, Any]]:
    """One document for each role, with what can't be left out."""
    return {
        "home_agent": {
            "home_agent": {
                "address": "10.1.0.1",
                "home_network": "10.1.0.0/24",
                "mobile_node": [{"home_address": "10.1.0.10", **ASSOCIATION}],
                "foreign_agent": [{"address": "192.0.2.1", **ASSOCIATION}],
            }
        },
        "foreign_agent": {
            "foreign_agent": {
                "links": ["eth1"],
                "care_of_address": "192.0.2.1",
                "home_agent": [{"address": "10.1.0.1", **ASSOCIATION}],
                "mobile_node": [{"home_address": "10.1.0.10", **ASSOCIATION}],
            }
        },
        "mobile_node": {
            "mobile_node": {
                "home_address": "10.1.0.10",
                "home_agent": "10.1.0.1",
                "home_network": "10.1.0.0/24",
                "links": ["eth0"],
                "foreign_agent": [{"address": "192.0.2.1", **ASSOCIATION}],
                **ASSOCIATION,
            }
        },
    }
