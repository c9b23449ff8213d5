"""Which folder a command works in, and the configuration that a run's folder holds."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .refusal import UsageError

OUTPUTS = Path("outputs")
CONFIG = "config.yaml"


def new_folder(name: str) -> str:
    """``outputs/<date>/<time>-<name>``; a number is appended where that folder exists."""
    now = datetime.datetime.now()
    folder = OUTPUTS / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}-{name}"
    numbered = (folder.with_name(f"{folder.name}-{i}") for i in range(2, 1000))
    return str(folder if not folder.exists() else next(f for f in numbered if not f.exists()))


def training_folder(name: str, resume: bool, run: str | None) -> str:
    """Where ``neuralpde train`` works: a new folder, or with ``resume`` that of ``run`` or of the latest
    run of this name (a new one where there is none).
    """
    if run is not None:
        return run
    latest = latest_run(name) if resume else None
    return str(latest) if latest is not None else new_folder(name)


def latest_run(name: str, outputs: Path = OUTPUTS) -> Path | None:
    """The youngest run folder below ``outputs`` whose configuration has this name."""
    runs = (path.parent for path in outputs.glob(f"*/*/{CONFIG}"))
    named = [run for run in runs if _name(run) == name]
    return max(named, key=lambda run: (run / CONFIG).stat().st_mtime_ns, default=None)


def _name(run: Path) -> str | None:
    try:
        return read_config(run).get("name")
    except UsageError:  # not readable: not the run that is looked for
        return None


def evaluation_folder(run: str | None, dataset: Any) -> str:
    """Where ``neuralpde evaluate`` works: the run's own folder, or a new one for another dataset."""
    return new_folder("evaluate") if run is None or dataset is not None else run


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a run as plain data; interpolations in it are left as text, never resolved.

    Raises `UsageError` where the folder holds no readable configuration.
    """
    return read_yaml(folder / CONFIG, f"{folder} is no run folder: it holds no {CONFIG}; pass run=FOLDER of a run.")


def read_yaml(path: Path, absent: str) -> dict[str, Any]:
    """A mapping from a YAML file; `UsageError` with the sentence ``absent`` where there is no such file."""
    if not path.is_file():
        raise UsageError(absent)
    try:
        content = OmegaConf.load(path)
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no YAML file ({str(error).splitlines()[0]}); restore it.") from error
    if not isinstance(content, DictConfig):
        raise UsageError(f"{path} should hold a mapping of keys to values; restore it.")
    return OmegaConf.to_container(content, resolve=False)  # type: ignore[return-value]
