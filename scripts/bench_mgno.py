#!/usr/bin/env python3
"""Time MgNO's training steps, and train it on neuraloperator's Darcy data, beside the figures of the paper's code.

The references are those of the authors' torch code on a 2-core machine: 225 ms a step of the rough configuration at
64x64 in batches of 8, and 0.082 in 73 s (30 epochs) on neuraloperator's Darcy data.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import time
from pathlib import Path

import jax
import jax.numpy as jnp

from neuralpde.cli.run_folder import commit, environment
from neuralpde.data import Dataset, neuraloperator_darcy
from neuralpde.evaluation import ResultFigure, ResultRecord, evaluate_operator, write_record
from neuralpde.nn import Standardize
from neuralpde.operators import MgNO, Normalized
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Sample
from neuralpde.training import OperatorTask, adamw, fit

RESULTS = Path(__file__).resolve().parent / "results"
SOURCE = "the authors' torch code, 2-core machine"


def rough_step(steps: int = 60) -> float:
    """Milliseconds of a training step of the 572,661 parameters on 64x64 points, batch 8, random functions."""
    square = Box.cube(2)
    grid = square.grid(64)
    spaces = FunctionSpace(square, ("a",)), FunctionSpace(square, ("u",), Dirichlet(0.0))
    values = jax.random.normal(jax.random.key(0), (2, 64, 64, 64, 1))
    inputs, targets = (Field.stack(v, grid, space) for v, space in zip(values, spaces, strict=True))
    data = Dataset("random", Sample(inputs, targets, {}), None, {}, {})
    model = MgNO(*spaces, key=jax.random.key(1))
    task = OperatorTask(data, loss="mgno_h1", batch_size=8)
    fitted = fit(model, task, adamw(steps, 1e-4), steps=steps, key=jax.random.key(2), progress=False)
    return 8e3 / fitted.samples_per_second


def darcy_16(seed: int, epochs: int) -> dict[str, float]:
    """Errors and seconds of 3 levels, width 24, 4 layers (258,570 parameters), relative L2, OneCycle at 2e-3."""
    data = neuraloperator_darcy()
    key_model, key_fit = jax.random.split(jax.random.key(seed))
    model = Normalized(
        MgNO(data.source, data.target, width=24, depth=4, levels=3, key=key_model),
        Standardize.fit(data.train.inputs),
        Standardize.fit(data.train.targets),
    )
    steps = epochs * (len(data.train.inputs.values) // 16)
    start = time.perf_counter()
    fitted = fit(
        model, OperatorTask(data), adamw(steps, 2e-3), steps=steps, evaluate_every=steps, key=key_fit, progress=False
    )
    seconds = time.perf_counter() - start
    errors = evaluate_operator(fitted.model, data)
    return {
        "seconds": seconds,
        "error@16": errors["test/relative_l2"],
        "error@32": errors["test/relative_l2@32"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    jnp.zeros(()).block_until_ready()
    step = rough_step()
    print(f"rough configuration, 64x64, batch 8: {step:.0f} ms a step", flush=True)
    runs = []
    for seed in options.seeds:
        runs.append(darcy_16(seed, options.epochs))
        print(f"seed {seed}  " + "  ".join(f"{name} {value:.4g}" for name, value in runs[-1].items()), flush=True)

    def figure(name: str, key: str, unit: str = "", reference: float | None = None) -> ResultFigure:
        values = [run[key] for run in runs]
        source = "" if reference is None else SOURCE
        return ResultFigure(name, statistics.fmean(values), statistics.pstdev(values), unit, reference, source)

    record = ResultRecord(
        name="mgno",
        title="MgNO: time of a training step, and training on neuraloperator's Darcy data at 16x16",
        command=f"scripts/bench_mgno.py --epochs {options.epochs} --seeds {' '.join(map(str, options.seeds))}",
        commit=(commit() or "unknown")[:12],
        device=f"{os.cpu_count()} x86 cores",
        date=datetime.date.today().isoformat(),
        seeds=tuple(options.seeds),
        figures=(
            ResultFigure("step of the rough configuration, 64x64, batch 8", step, None, "ms", 225.0, SOURCE),
            figure("Darcy 16x16: relative L2 at 16", "error@16", reference=0.082),
            figure("Darcy 16x16: relative L2 at 32", "error@32"),
            figure("Darcy 16x16: time of training, compilation included", "seconds", "s", 73.0),
        ),
        versions=environment()["versions"],
    )
    print(write_record(RESULTS, record))


if __name__ == "__main__":
    main()
