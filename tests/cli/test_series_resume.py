"""A run on time series that was stopped goes on to the same weights, and is measured again, here and elsewhere."""

import json
import os
import signal

import jax
import numpy as np
import pytest
from tiny_series import evaluation_config, series_config

import neuralpde
from neuralpde.cli.evaluate import evaluate
from neuralpde.cli.train import train
from neuralpde.training import SeriesTask, TrainingInterrupted

pytestmark = pytest.mark.slow
CHOICE = ["experiment=dynamics/rates_lnsde", "dataset.dataset.validation=2", "+dataset.dataset.points=8"]
STEPS = {"trainer": {"steps": 6, "evaluate_every": 2, "checkpoint_every": 6}}


def weights(folder) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(neuralpde.load_run(folder, checkpoint="last"))]


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run, and its results."""
    folder = tmp_path_factory.mktemp("series") / "whole"
    results, _ = train(series_config(folder, *CHOICE, **STEPS), folder)
    return folder, results


def test_stopped_run_goes_on_to_the_same_weights_and_records(whole, tmp_path, monkeypatch):
    evaluate_model, folder = SeriesTask.evaluate, tmp_path / "cut"

    def stop(self, model):
        os.kill(os.getpid(), signal.SIGTERM)
        return evaluate_model(self, model)

    with monkeypatch.context() as patched, pytest.raises(TrainingInterrupted):
        patched.setattr(SeriesTask, "evaluate", stop)
        train(series_config(folder, *CHOICE, **STEPS), folder)
    assert 0 < len(lines(folder)) < 6 and not (folder / "results.json").exists()
    train({**series_config(folder, *CHOICE, **STEPS), "resume": True}, folder)
    for a, b in zip(weights(whole[0]), weights(folder), strict=True):
        np.testing.assert_array_equal(a, b)
    assert lines(folder) == lines(whole[0])


def test_cost_is_recorded_at_every_evaluation(whole):
    folder, results = whole
    evaluated = [line["step"] for line in lines(folder) if "validation/evaluations" in line]
    assert evaluated == [2, 4, 6]
    assert (
        results["test/evaluations"] == results["test/accepted_steps"] == 7
    )  # of Euler and Maruyama, between 8 entries
    assert results["test/rejected_steps"] == 0


def test_run_is_measured_again_and_on_longer_series(whole, tmp_path):
    folder, results = whole
    again, _ = evaluate(evaluation_config(folder, folder), folder)
    assert again == results
    sizes = {"train": 2, "test": 3, "points": 12}
    longer = ["dataset=series/ornstein_uhlenbeck_rates", *(f"++dataset.dataset.{k}={v}" for k, v in sizes.items())]
    place = tmp_path / "elsewhere"
    found, objects = evaluate(evaluation_config(folder, place, *longer), place)
    assert objects["dataset"].test.measured.times.shape == (3, 12) and found["test/evaluations"] == 11
    assert found["model/parameters"] == results["model/parameters"] and "train/seconds" not in found
