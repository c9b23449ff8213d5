"""``neuralpde benchmark``: every model of a suite on its problems, one run folder each, and tables of all."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from omegaconf import OmegaConf

from neuralpde.errors import NeuralPDEError
from neuralpde.evaluation import (
    BenchmarkRun,
    ResultRecord,
    benchmark_table,
    comparison_plot,
    save_figures,
    solved_table,
    write_record,
)
from neuralpde.training import TrainingInterrupted

from .explanation import CONFIG_ERRORS, compose_config, explain
from .folders import CONFIG, read_config
from .model_cost import converges
from .refusal import UsageError, suggestion
from .run_folder import ENVIRONMENT, RESULTS, environment, read_environment, write_json, write_yaml
from .schema import SCHEMAS, check_keys

RECORD = "record.json"
TRAINING_VERBS = ("train", "solve")


@dataclasses.dataclass(frozen=True)
class Cell:
    """One training of a suite."""

    problem: str
    verb: str
    model: str
    seed: int
    arguments: tuple[str, ...]

    @property
    def folder(self) -> Path:
        model = "-".join(re.findall(r"\w+", self.model))
        return Path(self.problem) / f"{model}_seed{self.seed}"


def benchmark(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Train what the suite asks for, then write ``record.json`` and a picture a problem.

    Trainings that have their results in ``folder`` already are read; one that was broken off goes on. A training that
    fails is reported, the others go on. Raises `UsageError` where an argument of the suite is wrong, before anything is
    trained, and `NeuralPDEError` at the end where a training failed.
    """
    suite = config["suite"]
    problems = _chosen(suite["problems"], config["problems"], "problems")
    _check_verbs(problems)
    cells = list(_cells(problems, config["models"]))
    folders = _own_folders()
    configs = {cell: _composed(cell, folders) for cell in cells}
    _claim(folder, config)
    start = time.perf_counter()
    runs: list[BenchmarkRun] = []
    failures: list[Cell] = []
    for number, cell in enumerate(cells, 1):
        print(f"[{number}/{len(cells)}] {cell.problem}: {cell.model}, seed {cell.seed}", flush=True)
        try:
            results = _results(cell.verb, configs[cell], folder / cell.folder)
        except TrainingInterrupted:
            raise  # the user stops the suite, not this training alone; what was done is kept for resume=true
        except NeuralPDEError as error:
            failures.append(cell)
            print(f"neuralpde: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
            continue
        runs.append(BenchmarkRun(cell.problem, cell.model, cell.seed, results, _convergent(configs[cell])))
    record = _record(config, problems, runs, folder, time.perf_counter() - start)
    for place in (folder, *([Path(config["record"])] if config["record"] else [])):
        _write(place, record, problems, runs)
    _print(record)
    if failures:
        raise NeuralPDEError(
            f"{len(failures)} of {len(cells)} trainings failed: "
            + ", ".join(f"{cell.problem}/{cell.model}" for cell in failures)
            + f"; the others are in {folder}. Mend them, then go on with `neuralpde benchmark resume=true run={folder}`."
        )
    return {f"{run.problem}/{run.model}/{run.seed}": run.results[problems[run.problem]["error"]] for run in runs}, {}


def _chosen(known: Mapping[str, Any], wanted: list[str] | None, what: str) -> dict[str, Any]:
    """The entries that are asked for, in the suite's order."""
    for name in wanted or ():
        if name not in known:
            raise UsageError(f"The suite has no {name!r} among its {what}. {suggestion(name, known, what)}")
    return {name: entry for name, entry in known.items() if wanted is None or name in wanted}


def _check_verbs(problems: Mapping[str, Any]) -> None:
    for name, problem in problems.items():
        if problem["verb"] not in TRAINING_VERBS:
            raise UsageError(f"{name}: verb is one of {', '.join(TRAINING_VERBS)}, got {problem['verb']!r}.")


def _cells(problems: Mapping[str, Any], models: list[str] | None) -> Iterator[Cell]:
    everywhere = {name: None for problem in problems.values() for name in problem["models"]}
    _chosen(everywhere, models, "models")
    for name, problem in problems.items():
        for model, own in problem["models"].items():
            if models is None or model in models:
                for seed in problem["seeds"]:
                    yield Cell(name, problem["verb"], model, seed, (*problem["arguments"], *own, f"seed={seed}"))


def _own_folders() -> list[Path]:
    """Folders of options that the user added with ``--config-dir``."""
    from hydra.core.hydra_config import HydraConfig

    sources = HydraConfig.get().runtime.config_sources if HydraConfig.initialized() else []
    return [Path(source.path) for source in sources if source.provider == "command-line"]


def _composed(cell: Cell, folders: Sequence[Path]) -> dict[str, Any]:
    """The configuration of a training, checked as the command line checks its own."""
    try:
        config = compose_config(cell.verb, [*cell.arguments, "name=unused", "folder=unused"], folders)
        plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore
    except CONFIG_ERRORS as error:
        mistake = explain(error, cell.verb, cell.arguments, folders)
        raise UsageError(f"{cell.model} on {cell.problem}: {mistake}") from error
    check_keys(plain, SCHEMAS[cell.verb])
    return plain | {"name": f"{cell.problem}: {cell.model}"}


def _claim(folder: Path, config: Mapping[str, Any]) -> None:
    """Write what is to be measured; refuse a folder that holds something else."""
    if (folder / CONFIG).is_file():
        if read_config(folder).get("suite") != config["suite"]:
            raise UsageError(f"{folder} holds a benchmark of another suite; start anew without resume=true and run=.")
    else:
        write_yaml(folder / CONFIG, {key: config[key] for key in ("name", "suite")})
        write_json(folder / ENVIRONMENT, environment())


def _convergent(config: Mapping[str, Any]) -> bool | None:
    """Whether a model converges under refinement; a network that solves one problem has no grid."""
    return converges(config["model"]) if "model" in config else None


def _results(verb: str, config: dict[str, Any], folder: Path) -> dict[str, float]:
    """What one training measured: read where it is done, else trained."""
    if verb == "solve":
        from .solve import solve as work
    else:
        from .train import train as work

    config["folder"], config["resume"] = str(folder), (folder / CONFIG).is_file()
    if not (folder / RESULTS).is_file():
        work(config, folder)
        jax.clear_caches()  # the shapes of this run will hardly come again
    results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    return {key: float("nan") if value is None else value for key, value in results.items()}


def _repeatable(command: str) -> str:
    """A command without the folders of this machine."""
    return " ".join(word for word in command.split(" ") if not word.startswith(("run=", "folder=", "record=")))


def _record(
    config: Mapping[str, Any], problems: Mapping[str, Any], runs: list[BenchmarkRun], folder: Path, seconds: float
) -> ResultRecord:
    made = read_environment(folder)
    suite, pictures = config["suite"], {name: f"{config['name']}_{name}.png" for name in problems}
    tables = [
        benchmark_table(problem, [run for run in runs if run.problem == name], pictures[name])
        for name, problem in problems.items()
    ]
    if suite["solved_below"] is not None:
        tables.insert(0, solved_table(suite["problems"], suite["absent"], runs, suite["solved_below"]))
    return ResultRecord(
        name=config["name"],
        title=suite["title"],
        command=_repeatable(str(made.get("command", "neuralpde benchmark"))),
        commit=str(made.get("commit") or "unknown")[:12],
        device=str(made.get("device", "unknown")),
        date=str(made.get("date", "unknown"))[:10],
        seeds=tuple(sorted({run.seed for run in runs})),
        figures=(),
        versions=made.get("versions", {}),
        tables=tuple(tables),
        notes=f"All trainings together took {sum(run.seconds for run in runs) / 60:.0f} minutes, those of this call "
        f"with their evaluation {seconds / 60:.0f} minutes.",
    )


def _write(place: Path, record: ResultRecord, problems: Mapping[str, Any], runs: list[BenchmarkRun]) -> None:
    figures = {
        f"{record.name}_{name}": comparison_plot(problem, [run for run in runs if run.problem == name])
        for name, problem in problems.items()
    }
    save_figures(place, figures)
    write_record(place, record)


def _print(record: ResultRecord) -> None:
    from rich.console import Console

    from neuralpde.evaluation import rich_table

    for table in record.tables:
        Console().print(rich_table(table))
