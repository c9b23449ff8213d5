#!/usr/bin/env python3
"""A learned closure: what a coarse grid of the Kuramoto-Sivashinsky equation does not hold, learned from fine solutions.

Fine solutions (ETDRK4, 128 points) are cut off at the modes of a coarse grid of 40, where the coarse solver alone is
soon far off. The same small dilated network is trained on them twice, through 8 steps of time 0.5: as the term that
the coarse equation lacks (``Closure``, in conservative form) and, with the equation left out, as the whole step. All three
then run 25 times as long as they were trained, from states not seen before, beside the fine solutions.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np

from neuralpde.cli.run_folder import commit, environment
from neuralpde.data import Dataset
from neuralpde.dynamics import Closure, ExponentialFlow, LearnedFlux
from neuralpde.equations import KuramotoSivashinsky
from neuralpde.evaluation import ResultFigure, ResultRecord, ResultTable, save_figures, write_record
from neuralpde.nn import Standardize
from neuralpde.operators import AbstractOperator, BatchedRollout, DilatedResNet, Normalized
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, Field, FunctionSpace, GaussianField, PowerLaplace, Sample, Trajectory
from neuralpde.training import RolloutTask, adamw, fit

matplotlib.use("agg")

RESULTS = Path(__file__).resolve().parent / "results"
LENGTH, FINE, COARSE, INTERVAL, HORIZON, SUBSTEPS = 64.0, 128, 40, 0.5, 8, 2
WARM_UP, STATES, LONG = 50.0, 81, 201
"""Time until chaos is developed; stored states of a training and of a test trajectory, INTERVAL apart."""
KEPT = -(-COARSE // 3)
"""Modes 0, ..., KEPT - 1 pass the coarse solver, which drops a third against aliasing."""
SPACE = FunctionSpace(Box.of(periodic=("x",), x=(0.0, LENGTH)))
EQUATION = KuramotoSivashinsky()
VALID = 0.4
"""A rollout is valid until its relative error is larger."""


def filtered(trajectories: int, states: int, key) -> Trajectory:
    """Fine solutions of developed chaos, cut off at the modes that the coarse solver lets pass."""
    fine, coarse = SPACE.domain.grid(FINE), SPACE.domain.grid(COARSE)
    times = INTERVAL * np.arange(states)

    @jax.jit
    def one(key):
        prior = GaussianField(SPACE, PowerLaplace(1.0, 0.5), modes=33, zero_mean=True)
        u = prior.sample(key, fine)
        u = u * (1.0 / jnp.sqrt(jnp.mean(u.values**2)))
        solver = ETDRK(0.125)
        developed = solver.solve(EQUATION, u, (0.0, WARM_UP)).field.values[-1]
        fields = solver.solve(EQUATION, Field(developed, fine, SPACE), times).field
        spectrum = jnp.fft.rfft(fields.values[..., 0], axis=-1)[:, :KEPT] * COARSE / FINE
        values = jnp.fft.irfft(jnp.pad(spectrum, ((0, 0), (0, COARSE // 2 + 1 - KEPT))), COARSE, axis=-1)
        return Trajectory(jnp.asarray(times, values.dtype), Field.stack(values[..., None], coarse, SPACE))

    return jax.lax.map(one, jax.random.split(key, trajectories), batch_size=16)


def samples(trajectories: Trajectory) -> Sample:
    return Sample(jax.tree.map(lambda leaf: leaf[:, 0], trajectories.field), trajectories)


def network(key, width: int) -> DilatedResNet:
    return DilatedResNet(SPACE, SPACE, width=width, blocks=1, dilations=(1, 2, 4, 2, 1), norm=False, key=key)


class Trained(NamedTuple):
    model: AbstractOperator
    seconds: float


def trained(model: AbstractOperator, task: RolloutTask, steps: int, rate: float) -> Trained:
    start = time.perf_counter()
    result = fit(model, task, adamw(steps, rate, clip=1.0), steps=steps, key=jax.random.key(1), progress=False)
    return Trained(result.model, time.perf_counter() - start)


def models(task: RolloutTask, data: Dataset, steps: int, width: int, rate: float) -> dict[str, Trained]:
    """The coarse solver, the network as a step of its own, and the closure."""
    scale = Standardize.fit(jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), data.train.targets.field))
    flow = lambda equation: ExponentialFlow(equation, SPACE, INTERVAL, substeps=SUBSTEPS, order=2)
    net = network(jax.random.key(0), width)
    closure = Closure(EQUATION, LearnedFlux(Normalized(net, input_normalizer=scale)))
    return {
        "coarse solver": Trained(flow(EQUATION), 0.0),
        "network alone": trained(task.operator(net), task, steps, rate),
        "closure": trained(flow(closure), task, steps, rate),
    }


class Measured(NamedTuple):
    """Relative errors (sample, step), energy of each mode in the mean of the second half, and the states."""

    errors: np.ndarray
    spectrum: np.ndarray
    states: np.ndarray


def measured(model: AbstractOperator, truth: Trajectory) -> Measured:
    first = jax.tree.map(lambda leaf: leaf[:, 0], truth.field)
    steps = truth.times.shape[1] - 1
    states = np.asarray(BatchedRollout(model, steps)(first, time_step=INTERVAL).field.values[..., 0])
    return compared(states, np.asarray(truth.field.values[:, 1:, :, 0]))


def compared(states: np.ndarray, truth: np.ndarray) -> Measured:
    norm = lambda a: np.linalg.norm(a, axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):
        errors = norm(states - truth) / norm(truth)
        late = np.abs(np.fft.rfft(states[:, states.shape[1] // 2 :], axis=-1)) ** 2
        return Measured(errors, late.mean((0, 1))[1:KEPT], states)


def valid_time(errors: np.ndarray) -> np.ndarray:
    """Time until the error of each rollout first exceeds VALID (or is none)."""
    bad = ~(errors <= VALID)
    return INTERVAL * np.where(bad.any(1), bad.argmax(1), bad.shape[1])


def figures_of(m: Measured, truth: Measured) -> dict[str, float]:
    with np.errstate(invalid="ignore"):
        spectrum = float(np.mean(np.abs(np.log10(m.spectrum / truth.spectrum))))
        bounded = np.abs(m.states) < 3 * np.abs(truth.states).max()
    return {
        "valid time": float(valid_time(m.errors).mean()),
        "error at the training horizon": float(m.errors[:, HORIZON - 1].mean()),
        "share bounded over 10 horizons": float(bounded[:, : 10 * HORIZON].all((1, 2)).mean()),
        "share bounded to the end": float(bounded.all((1, 2)).mean()),
        "error of the late spectrum, decades": spectrum,
    }


def picture(runs: dict[str, Measured], truth: Measured):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(runs) + 2, figsize=(3.2 * (len(runs) + 2), 3.6), layout="constrained")
    reach, end = np.abs(truth.states).max(), INTERVAL * truth.states.shape[1]
    for ax, (name, m) in zip(axes, {"fine solution, filtered": truth, **runs}.items(), strict=False):
        ax.imshow(
            m.states[0].T,
            origin="lower",
            aspect="auto",
            extent=(0, end, 0, LENGTH),
            cmap="RdBu_r",
            vmin=-reach,
            vmax=reach,
        )
        ax.set(title=name, xlabel="t")
    axes[0].set_ylabel("x")
    k = 2 * np.pi / LENGTH * np.arange(1, KEPT)
    axes[-1].semilogy(k, truth.spectrum, "k", label="fine solution, filtered")
    for name, m in runs.items():
        if np.isfinite(m.spectrum).all():
            axes[-1].semilogy(k, m.spectrum, "--", label=name)
    axes[-1].set(title="energy, second half", xlabel="wavenumber")
    axes[-1].legend(fontsize=7)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trajectories", type=int, default=128, help="training trajectories")
    parser.add_argument("--steps", type=int, default=1000, help="optimiser steps of each network")
    parser.add_argument("--width", type=int, default=24, help="channels of the network")
    parser.add_argument("--rate", type=float, default=3e-3, help="largest learning rate")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    start = time.perf_counter()
    train, test = (
        filtered(n, s, jax.random.key(i)) for i, (n, s) in enumerate([(options.trajectories, STATES), (32, LONG)])
    )
    data = Dataset("filtered_ks", samples(train))
    task = RolloutTask(data, horizon=HORIZON, noise=0.0, loss="mean_square", batch_size=16)
    found = models(task, data, options.steps, options.width, options.rate)
    truth = compared(*(np.asarray(test.field.values[:, 1:, :, 0]),) * 2)
    runs = {name: measured(t.model, test) for name, t in found.items()}
    table = {name: figures_of(m, truth) for name, m in runs.items()}
    for name, row in table.items():
        print(
            f"{name:15}"
            + "  ".join(f"{key} {value:.4g}" for key, value in row.items())
            + f"  {found[name].seconds:.0f} s"
        )
    print(f"{time.perf_counter() - start:.0f} s")
    if not options.dry:
        print(record(options, table, runs, truth, found))


def record(options, table, runs: dict[str, Measured], truth: Measured, found: dict[str, Trained]) -> Path:
    save_figures(RESULTS, {"closure": picture(runs, truth)})
    closed, others = table["closure"], [name for name in table if name != "closure"]
    number = lambda value: float(value) if np.isfinite(value) else None
    figures = tuple(
        ResultFigure(f"closure, {key}, beside the {name}", value, None, "", table[name][key], f"{name}, same run")
        for key, value in closed.items()
        for name in others
        if number(table[name][key]) is not None
    )
    columns = ("model", *closed, "training [s]")
    rows = tuple((name, *map(number, row.values()), found[name].seconds) for name, row in table.items())
    title = f"Kuramoto-Sivashinsky, period {LENGTH:g}, {COARSE} of {FINE} points, rollouts of {LONG - 1} steps"
    return write_record(
        RESULTS,
        ResultRecord(
            name="closure",
            title="A learned closure of the Kuramoto-Sivashinsky equation on a coarse grid",
            command=f"scripts/bench_closure.py --trajectories {options.trajectories} --steps {options.steps} "
            f"--width {options.width} --rate {options.rate}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(0,),
            figures=figures,
            tables=(ResultTable(title, columns, rows, "closure.png"),),
            versions=environment()["versions"],
            notes=f"Trained through {HORIZON} steps of time {INTERVAL:g}. Valid time: until the relative L2 error exceeds "
            f"{VALID:g}. Bounded: below three times the largest value of the truth. Spectrum: mean over the modes of the "
            "absolute log10 of the ratio of energies, over the second half of the rollouts.",
        ),
    )


if __name__ == "__main__":
    main()
