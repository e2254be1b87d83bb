"""Where files of the user live that belong to no index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path


def user_config_file() -> Path:
    """`$XDG_CONFIG_HOME/ragcli/config.toml` or what the system has in its place."""
    import platformdirs

    return Path(platformdirs.user_config_dir("ragcli", appauthor=False)) / "config.toml"


def model_cache() -> Path:
    """`$XDG_CACHE_HOME/ragcli/models` or what the system has in its place."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("ragcli", appauthor=False)) / "models"


def pack_cache() -> Path:
    """The folder in the cache folder that unpacked packs lie in, each under its checksum."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("ragcli", appauthor=False)) / "packs"


def served_state(index: Path, state: Path | None = None) -> Path:
    """The folder in the state folder for what `rag serve` keeps of its work over an index."""
    named = hashlib.sha256(os.fsencode(os.path.abspath(index))).hexdigest()[:16]
    return (state or state_directory()) / "served" / named


def answer_cache() -> Path:
    """`$XDG_CACHE_HOME/ragcli/answers` or what the system has in its place."""
    return model_cache().parent / "answers"


def data_directory() -> Path:
    """`$XDG_DATA_HOME/ragcli` or what the system has in its place."""
    import platformdirs

    return Path(platformdirs.user_data_dir("ragcli", appauthor=False))


def state_directory() -> Path:
    """`$XDG_STATE_HOME/ragcli` or what the system has in its place."""
    import platformdirs

    return Path(platformdirs.user_state_dir("ragcli", appauthor=False))


def process_environment() -> Mapping[str, str]:
    """The variables that settings are read from."""
    return os.environ


def history_file() -> Path:
    """The file in the state folder that keeps the questions that were asked before, one a line."""
    return state_directory() / "history.jsonl"


def last_result() -> Path:
    """The file in the state folder that keeps the last question and what was shown for it."""
    return state_directory() / "last.json"
