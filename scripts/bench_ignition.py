#!/usr/bin/env python3
"""Laser ignition of methane in oxygen from six parameters: a reactor with learned closures beside two regressions.

The experiments are a reactor with two reactions, an equilibrium, a spark with a tail, and laws of absorption, mixing and
losses that are not told (``laser_ignition``). Told are the parameters, and for some experiments temperature and pressure
over time. The parameterised neural ODE knows the conservation laws and the two reactions with their equilibrium; the pulse
of heat (of another shape than the truth's), rates, activation energy and losses are networks of the parameters. Beside it,
with the same experiments: kernel ridge regression from the parameters to the whole series, and a network of parameters and
time.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import itertools
import os
import time
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import scipy.linalg

from neuralpde.cli.run_folder import commit, environment
from neuralpde.data.series import SeriesDataset, SeriesSample, laser_ignition
from neuralpde.dynamics import IgnitionODE
from neuralpde.evaluation import ResultFigure, ResultRecord, ResultTable, save_figures, write_record
from neuralpde.nn import Frozen, mlp
from neuralpde.training import Response, SeriesTask, adamw, fit

matplotlib.use("agg")

RESULTS = Path(__file__).resolve().parent / "results"
HOT, BURNING = 1.0, 1.8
"""1000 K: an experiment has ignited if it ends above HOT; when, is told by the first time above BURNING."""
LENGTHS = np.geomspace(0.3, 30, 13)
RIDGES = np.geomspace(1e-8, 1, 9)
BATCH, EVALUATIONS = 20, 10
PNODE, KERNEL, NETWORK = "PNODE", "kernel ridge", "network"


class Network(eqx.Module):
    """Temperature and pressure from the parameters and the time, both scaled."""

    net: eqx.nn.MLP
    scale: Frozen
    end: float = eqx.field(static=True)

    def __call__(self, series, times=None, key=None):
        times = series.times if times is None else times
        mean, deviation = self.scale.value
        row = lambda t: self.net(jnp.append(series.static, 2 * t / self.end - 1))
        return mean + deviation * jax.vmap(row)(times)


class Answers(NamedTuple):
    """Series (experiment, time, channel) of the test experiments, and how long it took to learn them."""

    series: np.ndarray
    seconds: float


def some(samples: SeriesSample, rows: slice) -> SeriesSample:
    return jax.tree.map(lambda leaf: leaf[rows], samples)


def of_size(data: SeriesDataset, size: int) -> SeriesDataset:
    return dataclasses.replace(data, train=some(data.train, slice(size)))


def repeated(data: SeriesDataset, rows: int) -> SeriesDataset:
    """Experiments again and again up to so many rows: training sets of all sizes then are one compiled program."""
    again = np.arange(rows) % len(data.train.target.times)
    return dataclasses.replace(data, train=jax.tree.map(lambda leaf: leaf[again], data.train))


@eqx.filter_jit
def answers(model, samples: SeriesSample):
    return jax.lax.map(lambda s: model(s.series, times=s.target.times), samples, batch_size=BATCH)


def learned(model, data: SeriesDataset, steps: int, rate: float, decay: float, seed: int) -> Answers:
    """What told the training experiments best: a training through thresholds does not end where it is best."""
    start = time.perf_counter()
    task = SeriesTask(dataclasses.replace(data, validation=data.train), Response(), batch_size=BATCH)
    optimizer = adamw(steps, rate, weight_decay=decay, clip=1.0)
    options = {"evaluate_every": max(1, steps // EVALUATIONS), "progress": False}
    result = fit(model, task, optimizer, steps=steps, key=jax.random.key(seed), **options)
    return Answers(np.asarray(answers(result.best_model, data.test)), time.perf_counter() - start)


def network(data: SeriesDataset, seed: int, width: int) -> Network:
    values = np.asarray(data.train.target.values)
    scale = Frozen((jnp.asarray(values.mean((0, 1))), jnp.asarray(values.std((0, 1)))))
    net = mlp(7, 2, width=width, depth=3, activation=jnp.tanh, key=jax.random.key(seed))
    return Network(net, scale, float(data.train.target.times[0, -1]))


def best_network(data: SeriesDataset, options: argparse.Namespace, seed: int) -> Answers:
    """Of several weight decays the one that answers best for the test experiments, in its favour."""
    truth, steps, width = np.asarray(data.test.target.values), options.network_steps, options.network_width
    found = [learned(network(data, seed, width), data, steps, 3e-3, decay, seed) for decay in options.network_decays]
    best = min(found, key=lambda each: np.abs(each.series - truth).mean())
    return Answers(best.series, sum(each.seconds for each in found))


def kernel_ridge(data: SeriesDataset) -> Answers:
    """(K + ridge I) a = y with K = exp(-|mu - mu'|^2 / (2 length^2)); both numbers by leaving out one experiment."""
    start = time.perf_counter()
    inputs, rows = (np.asarray(part.target.static) for part in (data.train, data.test))
    values = np.asarray(data.train.target.values)
    mean, outputs = values.mean(0), (values - values.mean(0)).reshape(len(values), -1)

    def kernel(a, b, length):
        return np.exp(-0.5 * ((a[:, None] - b) ** 2).sum(-1) / length**2)

    def left_out(length, ridge):
        inverse = scipy.linalg.inv(kernel(inputs, inputs, length) + ridge * np.eye(len(inputs)))
        return np.abs(inverse @ outputs / np.diag(inverse)[:, None]).mean()

    length, ridge = min(itertools.product(LENGTHS, RIDGES), key=lambda pair: left_out(*pair))
    weights = scipy.linalg.solve(kernel(inputs, inputs, length) + ridge * np.eye(len(inputs)), outputs, assume_a="pos")
    told = mean + (kernel(rows, inputs, length) @ weights).reshape(len(rows), *mean.shape)
    return Answers(told, time.perf_counter() - start)


def delays(series: np.ndarray, times: np.ndarray) -> np.ndarray:
    """First time (s) above BURNING, between two snapshots by a line; NaN without."""
    temperature = series[..., 0]
    above = temperature > BURNING
    i = np.maximum(above.argmax(1), 1)
    at = np.arange(len(series))
    low, high = temperature[at, i - 1], temperature[at, i]
    crossing = times[i - 1] + (BURNING - low) / (high - low) * (times[i] - times[i - 1])
    return np.where(above.any(1), crossing, np.nan)


def measured(found: np.ndarray, truth: np.ndarray, times: np.ndarray) -> dict[str, float]:
    late = 1e6 * np.abs(delays(found, times) - delays(truth, times))
    return {
        "error of T [K]": 1e3 * float(np.abs(found - truth)[..., 0].mean()),
        "error of delay [us]": float(np.nanmean(late)) if np.isfinite(late).any() else float("nan"),
        "delays compared": int(np.isfinite(late).sum()),
        "ignition accuracy": float(((found[:, -1, 0] > HOT) == (truth[:, -1, 0] > HOT)).mean()),
        "error of p [bar]": float(np.abs(found - truth)[..., 1].mean()),
    }


def compared(data: SeriesDataset, options: argparse.Namespace, seed: int) -> dict[str, Answers]:
    model = IgnitionODE(width=options.width, mechanism="methane_two_step", key=jax.random.key(100 + seed))
    many = repeated(data, max(options.sizes))
    return {
        PNODE: learned(model, many, options.steps, options.rate, 1e-4, seed),
        KERNEL: kernel_ridge(data),
        NETWORK: best_network(many, options, seed),
    }


def picture(table: dict[tuple[int, str], dict[str, float]], largest: dict[str, Answers], data: SeriesDataset):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(15, 3.6), layout="constrained")
    sizes = sorted({size for size, _ in table})
    for ax, name in zip(axes, ("error of T [K]", "error of delay [us]"), strict=False):
        for model in largest:
            ax.loglog(sizes, [table[size, model][name] for size in sizes], "o-", label=model)
        ax.set(xlabel="training experiments", title=name, xticks=sizes, xticklabels=sizes)
        ax.minorticks_off()
    axes[0].legend()
    truth, times = np.asarray(data.test.target.values)[..., 0], 1e3 * np.asarray(data.test.target.times[0])
    hot = truth[:, -1] > HOT
    for ax, rows, title in zip(axes[2:], (hot, ~hot), ("ignited", "not ignited"), strict=True):
        for j, row in enumerate(np.flatnonzero(rows)[:3]):
            ax.plot(times, truth[row], "k", label=None if j else "truth")
            for i, (model, found) in enumerate(largest.items()):
                ax.plot(times, found.series[row, :, 0], "--", color=f"C{i}", lw=1, label=None if j else model)
        ax.set(xlabel="t [ms]", ylabel="T [1000 K]", title=f"unseen, {title}")
    axes[2].legend(fontsize=7)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100, 200], help="training experiments")
    parser.add_argument("--test", type=int, default=200, help="test experiments")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of experiments and networks")
    parser.add_argument("--steps", type=int, default=400, help="optimiser steps of the neural ODE")
    parser.add_argument("--rate", type=float, default=3e-3, help="its largest learning rate")
    parser.add_argument("--width", type=int, default=32, help="of its networks")
    parser.add_argument("--network-steps", type=int, default=1500, help="optimiser steps of the plain network")
    parser.add_argument("--network-decays", type=float, nargs="+", default=[1e-4, 1e-1], help="its weight decays")
    parser.add_argument("--network-width", type=int, default=64, help="of the plain network")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the record goes")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    start, rows, last = time.perf_counter(), {}, {}
    for seed in options.seeds:
        data = laser_ignition(train=max(options.sizes), test=options.test, seed=seed)
        truth, times = np.asarray(data.test.target.values), np.asarray(data.test.target.times[0])
        print(f"{(truth[:, -1, 0] > HOT).mean():.0%} of {len(truth)} ignite; {time.perf_counter() - start:.0f} s")
        for size in sorted(options.sizes):
            last = compared(of_size(data, size), options, seed)
            for name, found in last.items():
                row = measured(found.series, truth, times) | {"training [s]": found.seconds}
                rows.setdefault((size, name), []).append(row)
                print(f"{size:4} {name:13}" + "  ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
    table = {key: {k: float(np.mean([r[k] for r in many])) for k in many[0]} for key, many in rows.items()}
    print(f"{time.perf_counter() - start:.0f} s")
    if not options.dry:
        print(record(options, table, rows, picture(table, last, data)))


def record(options, table, rows, figure) -> Path:
    save_figures(options.folder, {"ignition": figure})
    number = lambda value: float(value) if np.isfinite(value) else None
    figures = tuple(
        ResultFigure(
            f"PNODE, {name}, {size} experiments, beside {peer}",
            row[name],
            None,
            "",
            table[size, peer][name],
            f"{peer}, same run",
        )
        for size in sorted(options.sizes)
        for row in (table[size, PNODE],)
        for name in ("error of T [K]", "error of delay [us]", "ignition accuracy")
        for peer in (KERNEL, NETWORK)
        if np.isfinite(row[name]) and np.isfinite(table[size, peer][name])
    )
    columns = ("experiments", "model", *next(iter(table.values())))
    cells = tuple((size, name, *map(number, row.values())) for (size, name), row in table.items())
    title = f"Unseen experiments: {options.test}, means over {len(options.seeds)} draws"
    arguments = ("sizes", "test", "seeds", "steps", "rate", "width", "network_steps", "network_width", "network_decays")
    told = lambda value: " ".join(map(str, value)) if isinstance(value, list) else f"{value:g}"
    command = " ".join(f"--{name.replace('_', '-')} {told(getattr(options, name))}" for name in arguments)
    return write_record(
        options.folder,
        ResultRecord(
            name="ignition",
            title="Laser ignition from six parameters: learned closures of a reactor beside regressions",
            command=f"scripts/bench_ignition.py {command}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=tuple(options.seeds),
            figures=figures,
            tables=(ResultTable(title, columns, cells, "ignition.png"),),
            versions=environment()["versions"],
            notes="Mean absolute errors. Delay: first time above 1800 K, of experiments that reach it in truth and answer. "
            "Ignited: above 1000 K at the end. The experiments are made up, see neuralpde.data.series.laser_ignition.",
        ),
    )


if __name__ == "__main__":
    main()
