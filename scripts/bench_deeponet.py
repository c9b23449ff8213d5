#!/usr/bin/env python3
"""Train the DeepONet family on three published experiments, beside the published errors.

1. The antiderivative from 100 sensors: 10,000 triples (u, y, G(u)(y)), one point of each function, nets of one hidden
   layer of 40; mean squared error at 100,000 points of unseen functions.
2. POD-DeepONet on travelling square waves, 39 sensors (one period, nodes 1/39 apart) to 39 x 40 points.
3. The antiderivative's error over the number of sensors and over that of training functions, as a figure.

The published errors: Lu et al., Nature Machine Intelligence 3 (2021) 218 and its code for 1 and 3; Lu et al., CMAME
393 (2022) 114778 for 2. Chosen parts: ``--parts antiderivative pod decay``.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.cli.building import build
from neuralpde.cli.catalogue import conf_folder
from neuralpde.cli.run_folder import commit, environment
from neuralpde.data import Dataset, count_samples
from neuralpde.evaluation import ResultFigure, ResultRecord, ResultTable, write_record
from neuralpde.operators import AbstractOperator, DeepONet, PODDeepONet
from neuralpde.spaces import Field, Points, Sample, relative_l2
from neuralpde.training import OperatorTask, adam, fit

RESULTS = Path(__file__).resolve().parent / "results"
PARTS = ("antiderivative", "pod", "decay")
LU_2021 = "Lu et al. 2021, their code's log"
LU_2022 = "Lu et al. 2022, 1000 training functions"


def configured(name: str, **changes) -> Dataset:
    """A dataset of ``conf/dataset`` at other sizes."""
    from omegaconf import OmegaConf

    content = OmegaConf.to_container(OmegaConf.load(conf_folder() / "dataset" / f"{name}.yaml"), resolve=True)
    return build({**content, **changes})  # type: ignore[dict-item]


def squared_error(prediction: Field, truth: Field) -> Float[Array, ""]:
    """Mean over the points."""
    return jnp.mean((prediction - truth).values ** 2)


def trained(model: AbstractOperator, samples: Sample, batch: int, steps: int, rate: float, seed: int):
    """The model after Adam with a one-cycle learning rate, and the seconds."""
    data = Dataset("training", samples)
    task = OperatorTask(data, squared_error, min(batch, count_samples(samples)))
    result = fit(
        model, task, adam(steps, rate), steps=steps, steps_per_call=50, key=jax.random.key(seed), progress=False
    )
    return result.model, result.seconds


def held_out(model: AbstractOperator, samples: Sample, loss: Callable) -> float:
    """Mean of a loss over samples on one grid, a hundred at a time."""
    one = lambda s: loss(model(s.inputs, s.targets.on), s.targets)
    samples = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), samples)
    return float(jnp.mean(jax.jit(lambda s: jax.lax.map(one, s, batch_size=100))(samples)))


def triples(samples: Sample, seed: int) -> Sample:
    """Of each function one value, at a random one of its nodes."""
    u, s = samples.inputs, samples.targets
    count, n = s.values.shape[:2]
    index = np.random.default_rng(seed).integers(n, size=count)
    x = np.asarray(s.on.coords(), float)[index][:, None]
    values = np.asarray(s.values)[np.arange(count), index][:, None]
    return Sample(u, jax.vmap(lambda v, y: Field(v, Points(y, s.space.domain), s.space))(values, x))


def antiderivative(data: Dataset, seed: int, steps: int) -> dict[str, float]:
    """The published architecture, [100, 40, 40] and [1, 40, 40], with rectifiers."""
    size = {"width": 40, "depth": 1, "basis": 40, "activation": jax.nn.relu}
    model = DeepONet(data.source, data.target, **size, on=data.on, key=jax.random.key(seed))
    model, seconds = trained(model, triples(data.train, seed), 1000, steps, 2e-3, seed)
    return {"mse": held_out(model, data.test["100"], squared_error), "seconds": seconds}


def pod(data: Dataset, seed: int, steps: int, linear: bool) -> dict[str, float]:
    """38 modes, which are all that a linear map of 39 sensors has. The branch is one hidden layer of 512 on the sensors,
    as wide as it learns best, or a linear map of the principal components of the inputs."""
    branch = {"depth": 0, "components": 38} if linear else {"width": 512, "depth": 1}
    model = PODDeepONet(data.source, data.target, basis=38, **branch, on=data.on, key=jax.random.key(seed))
    rate = 1e-2 if linear else 3e-3
    model, seconds = trained(model.fitted_to(data.train), data.train, 100, steps, rate, seed)
    return {"relative_l2": held_out(model, next(iter(data.test.values())), relative_l2), "seconds": seconds}


def decay(data: Dataset, seed: int, steps: int) -> dict[str, dict[int, float]]:
    """Test errors by number of sensors, and by number of training functions, each with 100 points."""

    def error(sensors: int, functions: int) -> float:
        on = data.on.with_shape(sensors)
        size = {"width": 40, "depth": 2, "basis": 40, "activation": jax.nn.relu}
        model = DeepONet(data.source, data.target, **size, on=on, key=jax.random.key(seed))
        few = jax.tree.map(lambda leaf: leaf[:functions], data.train)
        model, _ = trained(model, few, 100, steps, 2e-3, seed)
        found = held_out(model, data.test["100"], squared_error)
        print(f"decay, seed {seed}: {sensors} sensors, {functions} functions: {found:.3g}", flush=True)
        return found

    return {
        "sensors": {m: error(m, 3000) for m in (3, 5, 8, 12, 20, 40)},
        "functions": {n: error(100, n) for n in (10, 30, 100, 300, 1000, 3000)},
    }


def picture(runs: list[dict[str, dict[int, float]]], path: Path) -> None:
    """Mean squared test error over both numbers, one line a seed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    for axis, key, label in zip(axes, ("sensors", "functions"), ("sensors m", "training functions"), strict=True):
        for seed, run in enumerate(runs):
            axis.loglog(list(run[key]), list(run[key].values()), "o-", label=f"seed {seed}")
        axis.set_xticks(list(runs[0][key]), list(map(str, runs[0][key])))
        axis.minorticks_off()
        axis.set_xlabel(label)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("mean squared error")
    if len(runs) > 1:
        axes[0].legend()
    figure.savefig(path, dpi=150)


def summary(name: str, runs: list[dict[str, float]], key: str, reference: float, source: str) -> list[ResultFigure]:
    """Error and time of training over the seeds."""
    print(f"{name}: {runs}", flush=True)
    errors, seconds = [run[key] for run in runs], [run["seconds"] for run in runs]
    return [
        ResultFigure(name, statistics.fmean(errors), statistics.pstdev(errors), "", reference, source),
        ResultFigure(
            "time of training, compilation included", statistics.fmean(seconds), statistics.pstdev(seconds), "s"
        ),
    ]


def measured(part: str, options: argparse.Namespace) -> tuple[str, list[ResultFigure], str, tuple[ResultTable, ...]]:
    """Title, figures, notes and tables of one part."""
    if part == "pod":
        waves = configured("deeponet_advection_square", resolution=39, times=40, train=1000, test=200)
        figures = []
        for name, linear, steps in (
            ("linear branch", True, options.steps // 20),
            ("network", False, options.steps // 2),
        ):
            runs = [pod(waves, seed, steps, linear) for seed in options.seeds]
            figures += summary(f"relative L2, {name}", runs, "relative_l2", 4e-4, LU_2022)
        notes = (
            "1000 training functions, 200 unseen ones. The waves travel unchanged, so the operator is linear: a linear branch "
            "on the principal components of the inputs learns it to the precision of the arithmetic, networks do not."
        )
        return "POD-DeepONet on travelling square waves", figures, notes, ()
    integrals = configured("deeponet_antiderivative", train=options.train, test=options.test)
    if part == "antiderivative":
        runs = [antiderivative(integrals, seed, options.steps) for seed in options.seeds]
        figures = summary("mean squared error", runs, "mse", 9.27e-7, LU_2021)
        notes = f"Test: {options.test} unseen functions at 100 points each; the published one has 100,000 points."
        return (
            "DeepONet on the antiderivative, from triples of a function, a point and the value there",
            figures,
            notes,
            (),
        )
    runs = [decay(integrals, seed, options.steps // 6) for seed in options.seeds]
    picture(runs, options.results / "deeponet_decay.png")
    rows = [
        (key, number, statistics.fmean(errors), statistics.pstdev(errors))
        for key in runs[0]
        for number in runs[0][key]
        for errors in [[run[key][number] for run in runs]]
    ]
    columns = ("of what", "how many", "mean squared error", "spread over seeds")
    table = ResultTable("Error over sensors and over functions", columns, tuple(rows), "deeponet_decay.png")
    notes = "Sensors with 3000 functions, functions with 100 sensors; each function with all of its 100 points."
    return "DeepONet on the antiderivative: error over sensors and over training functions", [], notes, (table,)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--steps",
        type=int,
        default=60_000,
        help="of 1; a half of it for the network of 2, a 20th for its linear branch, a 6th for each run of 3",
    )
    parser.add_argument("--train", type=int, default=10_000, help="functions of the antiderivative's training set")
    parser.add_argument("--test", type=int, default=1000, help="functions of its test set, 100 points each")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the records and the figure")
    options = parser.parse_args()
    seeds = " ".join(map(str, options.seeds))
    for part in options.parts:
        title, figures, notes, tables = measured(part, options)
        arguments = (
            f"--parts {part} --seeds {seeds} --steps {options.steps} --train {options.train} --test {options.test}"
        )
        record = ResultRecord(
            name=f"deeponet_{part}",
            title=title,
            command=f"scripts/bench_deeponet.py {arguments}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=tuple(options.seeds),
            figures=tuple(figures),
            tables=tables,
            versions=environment()["versions"],
            notes=notes,
        )
        print(write_record(options.results, record), flush=True)


if __name__ == "__main__":
    main()
