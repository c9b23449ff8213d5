"""``neuralpde evaluate``: the results of a run once more, or on another dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuralpde.data.series import SeriesDataset

from .assessment import assess
from .building import check_slots
from .folders import CONFIG, read_config
from .operator import load_run
from .refusal import UsageError
from .run_folder import ENVIRONMENT, RESULTS, environment, write_json, write_yaml
from .series import evaluate_series
from .train import count_parameters, make_dataset


def evaluate(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Measure the operator of ``config["run"]`` on its own dataset, or on ``config["dataset"]`` where one
    is named.

    On its own dataset the results, plots and report of the run are written anew in its folder; on another one
    they go to a folder of their own, with a copy of the learning curve's records left behind.
    """
    if config["run"] is None:
        raise UsageError("`neuralpde evaluate` needs the folder of a run: run=FOLDER.")
    check_slots(config)
    run = Path(config["run"])
    trained = read_config(run)
    operator = load_run(run)
    own = config["dataset"] is None
    merged = {**trained, "evaluation": config["evaluation"]}
    if not own:
        merged |= {"name": f"{trained['name']}_elsewhere", "dataset": config["dataset"]}
        write_yaml(folder / CONFIG, {**merged, "run": str(run)})
        write_json(folder / ENVIRONMENT, environment())
    dataset = make_dataset(merged)
    known = _training_results(run) if own else {"model/parameters": count_parameters(operator)}
    if isinstance(dataset, SeriesDataset):
        return evaluate_series(operator, dataset, folder, merged, known)
    results = assess(operator, dataset, folder, merged, known)
    return results, {"dataset": dataset, "operator": operator}


def _training_results(run: Path) -> dict[str, float]:
    """What only training could measure, from the results of the run; nothing where it was interrupted."""
    path = run / RESULTS
    if not path.is_file():
        return {}
    results = json.loads(path.read_text(encoding="utf-8"))
    return {key: value for key, value in results.items() if key.startswith(("train/", "model/"))}
