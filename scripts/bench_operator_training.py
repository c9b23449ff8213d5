#!/usr/bin/env python3
"""Train one FNO here and in neuraloperator (torch) on neuraloperator's Darcy data, in turn, and compare.

Both sides: modes |k| <= 4, width 24, four layers with channel mixing, coordinates as input, standardised data,
relative H1 loss, AdamW at 1e-2 with half a cosine, batch 64. Needs ``pip install -e ".[bench]"``, and the Darcy files
(`neuralpde.data.neuraloperator_darcy`). Each training is a process of its own, so that neither side's threads
disturb the other.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
WIDTH, BATCH, RATE = 24, 64, 1e-2
SIDES = ("neuralpde", "neuraloperator")


def train_ours(seed: int, epochs: int) -> dict[str, float]:
    """Held-out errors and times of one training with neuralpde."""
    import jax

    from neuralpde.cli.train import count_parameters
    from neuralpde.data import neuraloperator_darcy
    from neuralpde.evaluation import evaluate_operator
    from neuralpde.nn import Standardize
    from neuralpde.operators import FNO, Normalized
    from neuralpde.spaces import relative_h1
    from neuralpde.training import OperatorTask, adamw, cosine, fit

    data = neuraloperator_darcy()
    key_model, key_fit = jax.random.split(jax.random.key(seed))
    operator = Normalized(
        FNO(data.source, data.target, modes=5, width=WIDTH, depth=4, key=key_model),
        Standardize.fit(data.train.inputs),
        Standardize.fit(data.train.targets),
    )
    task = OperatorTask(data, loss=functools.partial(relative_h1, method=2), batch_size=BATCH)
    per_epoch = len(data.train.inputs.values) // BATCH
    steps = epochs * per_epoch
    optimizer = adamw(steps, RATE, weight_decay=1e-4, schedule=functools.partial(cosine, warmup=0.0))
    start = time.perf_counter()
    fitted = fit(operator, task, optimizer, steps=steps, evaluate_every=steps, key=key_fit, progress=False)
    errors = evaluate_operator(fitted.model, data)
    return {
        "parameters": count_parameters(operator),
        "epoch": per_epoch * BATCH / fitted.samples_per_second,
        "total": time.perf_counter() - start,
        "error@16": errors["test/relative_l2"],
        "error@32": errors["test/relative_l2@32"],
    }


def train_peer(seed: int, epochs: int) -> dict[str, float]:
    """The same with neuraloperator and torch."""
    import torch
    from neuralop.losses import H1Loss
    from neuralop.models import FNO

    from neuralpde.data.folders import external_folder

    torch.manual_seed(seed)
    folder = external_folder(None) / "neuraloperator"
    files = {
        name: torch.load(folder / f"darcy_{name}.pt", weights_only=True) for name in ("train_16", "test_16", "test_32")
    }
    data = {name: (f["x"].float()[:, None], f["y"].float()[:, None]) for name, f in files.items()}
    x, y = data["train_16"]
    (mean_x, std_x), (mean_y, std_y) = (x.mean(), x.std()), (y.mean(), y.std())
    model = FNO(n_modes=(8, 8), in_channels=1, out_channels=1, hidden_channels=WIDTH)

    def predict(x):
        return model((x - mean_x) / std_x) * std_y + mean_y

    loss = H1Loss(d=2)
    per_epoch = len(x) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * per_epoch)
    start, seconds = time.perf_counter(), []
    for _ in range(epochs):
        began = time.perf_counter()
        for index in torch.randperm(len(x))[: per_epoch * BATCH].split(BATCH):
            optimizer.zero_grad()
            loss(predict(x[index]), y[index]).backward()
            optimizer.step()
            schedule.step()
        seconds.append(time.perf_counter() - began)

    def error(name):
        inputs, truth = data[name]
        with torch.no_grad():
            return float(((predict(inputs) - truth).flatten(1).norm(dim=1) / truth.flatten(1).norm(dim=1)).mean())

    return {
        "parameters": sum(p.numel() * (2 if p.is_complex() else 1) for p in model.parameters()),
        "epoch": statistics.fmean(seconds),
        "total": time.perf_counter() - start,
        "error@16": error("test_16"),
        "error@32": error("test_32"),
    }


def run_side(side: str, seed: int, epochs: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", side, "--seeds", str(seed), "--epochs", str(epochs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def record(measured: dict[str, list[dict[str, float]]], seeds: list[int], epochs: int) -> Path:
    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultFigure, ResultRecord, write_record

    ours, peer = (measured[side] for side in SIDES)

    def figure(name: str, key: str, unit: str = "") -> ResultFigure:
        values = [run[key] for run in ours]
        reference = statistics.fmean(run[key] for run in peer)
        source = "neuraloperator with torch, same run"
        return ResultFigure(name, statistics.fmean(values), statistics.pstdev(values), unit, reference, source)

    ratios = [theirs["epoch"] / mine["epoch"] for mine, theirs in zip(ours, peer, strict=True)]
    figures = (
        figure("time an epoch", "epoch", "s"),
        ResultFigure(
            "speed over the peer's",
            statistics.fmean(ratios),
            statistics.pstdev(ratios),
            "x",
            2.0,
            "goal of the project",
        ),
        figure("time of training, compilation included", "total", "s"),
        figure("relative L2 at 16", "error@16"),
        figure("relative L2 at 32", "error@32"),
        figure("parameters", "parameters"),
    )
    return write_record(
        RESULTS,
        ResultRecord(
            name="operator_training",
            title="FNO on neuraloperator's Darcy data at 16x16, against neuraloperator",
            command=f"scripts/bench_operator_training.py --epochs {epochs} --seeds {' '.join(map(str, seeds))}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=tuple(seeds),
            figures=figures,
            versions=environment()["versions"] | measured_versions(),
        ),
    )


def measured_versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "neuraloperator")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--side", choices=SIDES, help="train one side once and print its figures as JSON")
    options = parser.parse_args()
    if options.side:
        train = train_ours if options.side == "neuralpde" else train_peer
        print(json.dumps(train(options.seeds[0], options.epochs)))
        return
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for seed in options.seeds:
        for side in SIDES:
            figures = run_side(side, seed, options.epochs)
            measured[side].append(figures)
            print(f"seed {seed}  {side:>14}  " + "  ".join(f"{k} {v:.4g}" for k, v in figures.items()), flush=True)
    mean = {side: statistics.fmean(run["epoch"] for run in runs) for side, runs in measured.items()}
    print(f"speed over the peer's: {mean['neuraloperator'] / mean['neuralpde']:.2f} x")
    print(record(measured, options.seeds, options.epochs))


if __name__ == "__main__":
    main()
