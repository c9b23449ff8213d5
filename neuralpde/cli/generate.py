"""``neuralpde generate``: make a dataset and store it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralpde.data import ResolutionWarning, as_field, count_samples

from .building import check_slots
from .folders import CONFIG
from .run_folder import ENVIRONMENT, RESULTS, environment, write_json, write_yaml
from .train import make_dataset


def generate(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Make or read the dataset of ``config["dataset"]``; prints a table of its splits."""
    check_slots(config)
    write_yaml(folder / CONFIG, {key: value for key, value in config.items() if key != "folder"})
    write_json(folder / ENVIRONMENT, environment())
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResolutionWarning)  # printed below
        dataset = make_dataset(config)
    results: dict[str, float] = {"generate/seconds": time.perf_counter() - start}
    results |= {f"data/{name}": count_samples(split) for name, split in dataset.splits().items()}
    write_json(folder / RESULTS, results)
    _print_splits(dataset)
    print(accuracy_line(dataset.provenance))
    for text in dataset.provenance.get("unresolved", ()):
        print(f"warning: {text}")
    return results, {"dataset": dataset}


def accuracy_line(provenance: Mapping[str, Any]) -> str:
    """What is known of the error of a dataset, in one line."""
    accuracy = dict(provenance.get("accuracy", {}))
    if not accuracy:
        return "accuracy: not stated by its source"
    samples = accuracy.pop("samples", None)
    figures = ", ".join(f"{name.replace('_', ' ')} {_figure(value)}" for name, value in accuracy.items())
    measured = "" if samples is None else f" (relative L2, mean of {samples} samples)"
    redrawn = provenance.get("redrawn", 0)
    return f"accuracy: {figures}{measured}" + (f"; {redrawn} failed solutions drawn anew" if redrawn else "")


def _figure(error: float | None) -> str:
    return "unknown, since that solution failed" if error is None else f"{error:.1e}"


def _print_splits(dataset) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=dataset.name, title_justify="left")
    for heading in ("split", "samples", "inputs", "targets"):
        table.add_column(heading)
    for name, split in dataset.splits().items():
        sides = [as_field(side) for side in (split.inputs, split.targets)]
        shapes = [" x ".join(map(str, side.values.shape[1:])) for side in sides]
        names = [", ".join(side.space.names) for side in sides]
        table.add_row(name, str(count_samples(split)), *(f"{n}: {s}" for n, s in zip(names, shapes, strict=True)))
    Console().print(table)
