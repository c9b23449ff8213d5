"""The files of a run's folder."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neuralpde.evaluation import write_atomically

from .folders import CONFIG, read_config
from .refusal import UsageError

ENVIRONMENT, METRICS, RESULTS = "environment.json", "metrics.jsonl", "results.json"
CHECKPOINTS, PLOTS, PHASES = "checkpoints", "plots", "phases.json"

PASSING = {"folder", "resume", "run", "reference", "trainer.progress", "evaluation"}
"""Keys that do not change what is trained: a run may be resumed with other values."""

PACKAGES = (
    "jax",
    "jaxlib",
    "equinox",
    "flax",
    "optax",
    "diffrax",
    "orbax-checkpoint",
    "numpy",
    "scipy",
    "h5py",
)


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Plain data as YAML, whole or not at all."""
    from omegaconf import OmegaConf

    write_atomically(path, OmegaConf.to_yaml(OmegaConf.create(dict(content))))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Plain data as JSON, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def open_run(folder: Path, config: Mapping[str, Any]) -> None:
    """Claim a folder for a training run: write its configuration and environment.

    Raises `UsageError` where the folder holds a run that is not resumed, or is resumed with another
    configuration; what is there stays as it is.
    """
    if (folder / CONFIG).is_file():
        if not config["resume"]:
            raise UsageError(f"{folder} holds a run already; resume=true goes on with it, another folder= starts anew.")
        _check_same(folder, read_config(folder), config)
        first = read_environment(folder)
        write_json(folder / ENVIRONMENT, first | {"resumed": [*first.get("resumed", []), environment()]})
    else:
        kept = {key: value for key, value in config.items() if key not in ("folder", "resume", "run")}
        write_json(folder / ENVIRONMENT, environment())
        write_yaml(folder / CONFIG, kept)


def _check_same(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    before, now = dict(_flat(old)), dict(_flat(new))
    changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if changed:
        shown = "; ".join(f"{key} was {before.get(key)!r}, now {now.get(key)!r}" for key in changed[:5])
        raise UsageError(
            f"{folder} was trained with another configuration: {shown}. Resume it with `resume=true "
            f"run={folder}`, which takes the configuration from there, or start anew without resume=true."
        )


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        path = f"{prefix}{key}"
        if path in PASSING:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def environment() -> dict[str, Any]:
    """Versions, device, commit and command: what is needed to say where a result came from."""
    import jax

    import neuralpde

    devices = jax.devices()
    return {
        "command": command_line(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "device": f"{len(devices)} x {devices[0].device_kind}",
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {"neuralpde": neuralpde.__version__, **dict(_versions())},
    }


def read_environment(folder: Path) -> dict[str, Any]:
    """What `environment` was when the run began; empty where the file is absent or damaged."""
    try:
        return dict(json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def command_line() -> str:
    """How this process was started, with the program's name in place of its path."""
    program, *arguments = sys.orig_argv
    if arguments and not arguments[0].startswith("-"):  # a script: the interpreter in front of it says nothing
        program, *arguments = arguments
    return shlex.join([Path(program).name, *arguments])


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def commit() -> str | None:
    """The commit of the checkout this package is imported from, with ``+changes``; None outside of one."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None
