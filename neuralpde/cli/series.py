"""``neuralpde train`` and ``evaluate`` on a dataset of time series."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from neuralpde.data.series import SeriesDataset
from neuralpde.evaluation import read_metrics, save_figures, series_curves, series_figures
from neuralpde.training import SeriesTask, Trajectories, fit, measured

from .assessment import finite, report_run
from .building import SLOTS, build
from .refusal import UsageError
from .run_folder import METRICS, PLOTS, RESULTS, write_json
from .series_model import SERIES, make_model, shape_of
from .train import count_parameters, write_phases

Told = tuple[dict[str, float], dict[str, Any]]


def train_series(config: Mapping[str, Any], folder: Path, dataset: SeriesDataset) -> Told:
    """Train and measure a model of time series; returns the results and the objects, as `train` does."""
    key_model, key_fit = jax.random.split(jax.random.key(config["seed"]))
    task = make_task(config, dataset)
    shape = shape_of(dataset, task)
    model = make_model(config, shape, key_model)
    write_json(folder / SERIES, shape)
    trainer = dict(config["trainer"])
    optimizer = build(config["optimizer"], SLOTS["optimizer"])(steps=trainer["steps"])
    fitted = fit(model, task, optimizer, **trainer, key=key_fit, folder=folder, resume=config["resume"])
    write_phases(folder, fitted.phases)
    trained = {
        "model/parameters": count_parameters(model),
        "train/steps": fitted.steps,
        "train/seconds": fitted.seconds,
        "train/samples_per_second": fitted.samples_per_second,
    }
    results = tell(fitted.best_model, dataset, task, folder, config, trained)
    return results, {"dataset": dataset, "model": fitted.best_model, "fit": fitted}


def evaluate_series(
    model: eqx.Module, dataset: SeriesDataset, folder: Path, config: Mapping[str, Any], known: Mapping[str, float]
) -> Told:
    """Measure a trained model on a dataset of series; ``known`` are the results of its training."""
    results = tell(model, dataset, make_task(config, dataset), folder, config, known)
    return results, {"dataset": dataset, "model": model}


def make_task(config: Mapping[str, Any], dataset: SeriesDataset) -> SeriesTask:
    """The task of ``config["task"]``; raises `UsageError` for one of functions."""
    target = config["task"].get("_target_", "")
    if not target.endswith(".SeriesTask"):
        raise UsageError(f"A dataset of time series is learnt by task=series, got {target}.")
    return build(config["task"], SLOTS["task"])(dataset)


def tell(
    model: eqx.Module,
    dataset: SeriesDataset,
    task: SeriesTask,
    folder: Path,
    config: Mapping[str, Any],
    known: Mapping[str, float],
) -> dict[str, float]:
    """Results of a model on the test set: numbers first, so that a run has them even where drawing fails."""
    from rich.console import Console
    from rich.table import Table

    found = measured(task.objective, model, dataset.test, task.batch_size)
    results = {**known, **{f"test/{name}": value for name, value in found.items()}}
    write_json(folder / RESULTS, finite(results))
    table = Table(title=str(config["name"]), title_justify="left")
    table.add_column("result")
    table.add_column("value", justify="right")
    for name, value in results.items():
        table.add_row(name, f"{value:.4g}")
    Console().print(table)
    options, figures = config["evaluation"], {}
    if options["plots"]:
        figures = series_figures(model, dataset, follows=isinstance(task.objective, Trajectories))
        figures |= series_curves(read_metrics(folder / METRICS), task.objective.monitor)
        save_figures(folder / PLOTS, figures)
    if options["report"]:
        report_run(folder, results, config, figures)
    return results
