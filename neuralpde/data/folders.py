"""Where datasets lie on this computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for this package, by the convention of the operating system."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "neuralpde"


def dataset_folder(folder: str | os.PathLike | None = None) -> Path:
    """The folder for generated datasets; it need not exist yet.

    In this order: the argument, the variable ``NEURALPDE_DATASETS``, ``./datasets`` if there is one, and else
    ``datasets`` in the user's cache folder.
    """
    chosen = folder or os.environ.get("NEURALPDE_DATASETS")
    if chosen:
        return Path(chosen).expanduser()
    local = Path("datasets")
    return local if local.is_dir() else cache_folder() / "datasets"


def external_folder(folder: str | os.PathLike | None = None) -> Path:
    """The folder of data made by others, in this order: the argument, the variable
    ``NEURALPDE_EXTERNAL_DATA``, and ``shared/data`` beside the working folder."""
    chosen = folder or os.environ.get("NEURALPDE_EXTERNAL_DATA") or Path("..", "shared", "data")
    return Path(chosen).expanduser()
