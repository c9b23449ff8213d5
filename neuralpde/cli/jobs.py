"""What Hydra calls: one job of a verb, or many of a sweep in one process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from neuralpde.errors import NeuralPDEError

from .folders import read_config
from .refusal import UsageError
from .schema import SCHEMAS, check_keys

FAILED, SIGNAL = 1, 128
"""Exit codes: of an error that states no other, and the base of those of signals."""

OBJECTIVE = "test/relative_l2"
RESUMING = {"run", "resume", "folder", "trainer.progress"}
"""Overrides that may stand beside ``run=FOLDER resume=true``; all others come from the folder."""


class Finished(NamedTuple):
    """A job that ended well."""

    folder: Path
    overrides: list[str]
    results: dict[str, float]


class Jobs:
    """A verb as a function of Hydra's configuration.

    An error that the user can mend ends its own job only: the others of a sweep go on, and `finish` gives
    the exit code of all.
    """

    def __init__(self, verb: str):
        self.verb = verb
        self.code = 0
        self.finished: list[Finished] = []

    def __call__(self, config: DictConfig) -> float | None:
        """Run one job; returns its test error, which a sweeper may minimise."""
        hydra = HydraConfig.get()
        folder, overrides = _relative(Path(hydra.runtime.output_dir)), list(hydra.overrides.task)
        try:
            plain = self._plain(config, folder, overrides)
            results = self._run(plain, folder)
        except NeuralPDEError as error:
            self._failed(error, folder)
            return None
        self.finished.append(Finished(folder, overrides, results))
        print(f"run: {folder}", flush=True)
        return results.get(OBJECTIVE)

    def finish(self) -> int:
        """After the last job: compare those of a sweep, and return the exit code."""
        if len(self.finished) > 1:
            _print_comparison(self.finished)
            print(f"run: {self.finished[-1].folder}", flush=True)
        return self.code

    def _plain(self, config: DictConfig, folder: Path, overrides: list[str]) -> dict[str, Any]:
        OmegaConf.update(config, "folder", str(folder))
        plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore
        check_keys(plain, SCHEMAS[self.verb])
        if self.verb in ("train", "solve") and plain["run"] is not None:
            return resumed(self.verb, plain, overrides)
        return plain

    def _run(self, config: dict[str, Any], folder: Path) -> dict[str, float]:
        prepare_jax(clear=bool(self.finished) or self.code != 0)
        if self.verb == "train":
            from .train import train as work
        elif self.verb == "solve":
            from .solve import solve as work
        elif self.verb == "evaluate":
            from .evaluate import evaluate as work
        elif self.verb == "show":
            from .show import show as work
        elif self.verb == "benchmark":
            from .benchmark import benchmark as work
        else:
            from .generate import generate as work
        results, _ = work(config, folder)
        return results

    def _failed(self, error: NeuralPDEError, folder: Path) -> None:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        code = getattr(error, "exit_code", FAILED)
        print(f"neuralpde: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
        if code > SIGNAL:  # somebody stopped the program: the other jobs of a sweep too
            sys.exit(code)
        self.code = max(self.code, code)


def resumed(verb: str, given: Mapping[str, Any], overrides: list[str]) -> dict[str, Any]:
    """The configuration to go on with: that of the folder ``run``, as it was trained.

    Raises `UsageError` where ``resume=true`` is missing, another override is given, or the folder's
    configuration has keys that no training has.
    """
    folder = Path(given["run"])
    names = {override.lstrip("+~").partition("=")[0] for override in overrides}
    if not given["resume"]:
        raise UsageError(f"run={folder} goes with resume=true: `neuralpde {verb} resume=true run={folder}`.")
    if names - RESUMING:
        raise UsageError(
            f"resume=true run={folder} takes its configuration from the folder; leave out "
            f"{', '.join(sorted(names - RESUMING))}, or {verb} anew without run= and resume=."
        )
    trained = read_config(folder)
    check_keys(trained, SCHEMAS[verb])
    try:
        merged = OmegaConf.merge(OmegaConf.structured(SCHEMAS[verb]), trained)
    except OmegaConfBaseException as error:
        raise UsageError(f"{folder}/config.yaml is not that of `neuralpde {verb}`: {error}; restore it.") from error
    merged.trainer.progress = given["trainer"]["progress"]
    merged.folder, merged.resume, merged.run = str(folder), True, str(folder)
    return OmegaConf.to_container(merged, resolve=False, throw_on_missing=False)  # type: ignore[return-value]


def prepare_jax(clear: bool = False) -> None:
    """Keep compiled programs on disk, in the user's cache folder unless JAX is told otherwise.

    ``clear`` drops those of the job before, whose shapes will not come again.
    """
    import jax

    from neuralpde.data import cache_folder

    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    if clear:
        jax.clear_caches()


def _relative(folder: Path) -> Path:
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _print_comparison(finished: list[Finished]) -> None:
    """A row a run: its number, in what it differs from the others, and its results."""
    from rich.console import Console
    from rich.table import Table

    columns = (OBJECTIVE, "model/parameters", "train/seconds")
    shared = set.intersection(*(set(job.overrides) for job in finished))
    table = Table(title=f"Runs of this sweep, in {finished[0].folder.parent}", title_justify="left")
    for heading in ("run", "with", *columns):
        table.add_column(heading, justify="left" if heading in ("run", "with") else "right")
    for job in finished:
        own = " ".join(override for override in job.overrides if override not in shared)
        numbers = (f"{job.results[c]:.4g}" if c in job.results else "-" for c in columns)
        table.add_row(job.folder.name, own, *numbers)
    Console().print(table)
