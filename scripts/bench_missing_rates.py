#!/usr/bin/env python3
"""Accuracy of models of irregular series when values are missing: stable neural SDEs beside their rivals.

Made-up series of classes lose 0, 30, 50 and 70 % of the values of each channel at random. Langevin-type, linear-noise and
geometric neural SDEs, a naive neural SDE, a neural CDE, ODE-RNN and GRU-D learn the classes with the same number of steps
of Adam and states of the same size; all rates and seeds of one model are one program (`neuralpde.training.fit_together`).
After Oh, Lim & Kim, "Stable neural stochastic differential equations in analyzing irregular time series data", ICLR 2024,
whose table of 30 data sets of the UEA and UCR archives is the reference for the order of the models, not for the numbers.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
RATES = (0.0, 0.3, 0.5, 0.7)
PROBLEMS = ("chirality", "damped_oscillators", "ornstein_uhlenbeck_rates", "switching_sinusoids")
MODELS = ("LSDE", "LNSDE", "GSDE", "neural SDE", "neural CDE", "ODE-RNN", "GRU-D")
PUBLISHED = {
    "LSDE": (0.717, 0.690, 0.686, 0.682),
    "LNSDE": (0.727, 0.723, 0.717, 0.703),
    "GSDE": (0.716, 0.707, 0.698, 0.689),
    "neural SDE": (0.526, 0.508, 0.517, 0.512),
    "neural CDE": (0.709, 0.706, 0.696, 0.665),
}
"""Mean accuracies over 30 data sets of the UEA and UCR archives (Oh et al. 2024)."""


def make_model(name: str, channels: int, classes: int, hidden: int, key):
    import diffrax

    from neuralpde.dynamics import GRUD, ODERNN, Method, NeuralCDE, StableSDE

    forms = {"LSDE": "langevin", "LNSDE": "linear_noise", "GSDE": "geometric", "neural SDE": "naive"}
    if name in forms:
        return StableSDE(channels, classes, form=forms[name], hidden=hidden, key=key)
    if name == "neural CDE":
        method = Method(diffrax.Heun(), substeps=1, statistics=False)
        return NeuralCDE(channels, classes, hidden=hidden, width=hidden, method=method, key=key)
    return (ODERNN if name == "ODE-RNN" else GRUD)(channels, classes, hidden=hidden, key=key)


def tasks_of(problem: str, options: argparse.Namespace):
    """One task for each rate."""
    from neuralpde.data import series
    from neuralpde.training import SeriesTask

    dataset = getattr(series, problem)(train=options.train, test=options.test, points=options.points)
    ready = lambda rate: series.prepared(dataset, rate, duration=5.0, standardize=True, path="hermite")
    datasets = [ready(rate) for rate in RATES]
    return [SeriesTask(d, batch_size=options.batch) for d in datasets], datasets


def accuracies(name: str, tasks, datasets, options: argparse.Namespace):
    """Test accuracies (rate, seed), and the seconds that training took, compilation included."""
    import equinox as eqx
    import jax
    import numpy as np

    from neuralpde.training import adam, fit_together, measured

    first = datasets[0]
    make = lambda key: make_model(name, first.channels, first.outputs, options.hidden, key)
    optimizer = adam(steps=options.steps, learning_rate=options.rate, clip=1.0)
    start = time.perf_counter()
    models = fit_together(make, tasks, optimizer, seeds=options.seeds, steps=options.steps, key=jax.random.key(0))
    jax.block_until_ready(eqx.filter(models, eqx.is_array))
    seconds = time.perf_counter() - start
    one = lambda i, j: jax.tree.map(lambda leaf: leaf[i, j] if eqx.is_array(leaf) else leaf, models)
    found = [
        [measured(task.objective, one(i, j), d.test, options.batch)["accuracy"] for j in range(options.seeds)]
        for i, (task, d) in enumerate(zip(tasks, datasets, strict=True))
    ]
    return np.array(found), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", choices=PROBLEMS, nargs="+", default=list(PROBLEMS))
    parser.add_argument("--models", choices=MODELS, nargs="+", default=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--train", type=int, default=240)
    parser.add_argument("--test", type=int, default=240)
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=5e-3, help="learning rate")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the record and its picture go")
    options = parser.parse_args()
    found, seconds = {}, dict.fromkeys(options.models, 0.0)
    for problem in options.problems:
        tasks, datasets = tasks_of(problem, options)
        for name in options.models:
            found[problem, name], took = accuracies(name, tasks, datasets, options)
            seconds[name] += took
            shown = "  ".join(
                f"{100 * rate:.0f} %: {a.mean():.3f}" for rate, a in zip(RATES, found[problem, name], strict=True)
            )
            print(f"{problem:26} {name:12} {shown}   {took:.0f} s", flush=True)
    print(record(found, seconds, options))


def record(found: dict, seconds: dict[str, float], options: argparse.Namespace) -> Path:
    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultRecord, save_figures, write_record

    save_figures(options.folder, {"missing_rates": picture(found, options)})
    chosen = {name: value for name, value in vars(options).items() if name not in ("problems", "models", "folder")}
    return write_record(
        options.folder,
        ResultRecord(
            name="missing_rates",
            title="Classes of irregular series with missing values: stable neural SDEs and their rivals",
            command="scripts/bench_missing_rates.py " + " ".join(f"--{name} {value}" for name, value in chosen.items()),
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=tuple(range(options.seeds)),
            figures=(),
            tables=tuple(tables(found, seconds, options)),
            versions=environment()["versions"],
            notes=f"All models have states of {options.hidden} numbers and are trained for {options.steps} steps; a learning "
            "rate was chosen for none of them.",
        ),
    )


def tables(found: dict, seconds: dict[str, float], options: argparse.Namespace):
    """The mean over the problems beside the published one, and a table for each problem."""
    import numpy as np

    from neuralpde.evaluation import ResultTable

    columns = ("model", *(f"{100 * rate:.0f} % missing" for rate in RATES))
    mean = lambda name: np.mean([found[problem, name].mean(1) for problem in options.problems], axis=0)
    rows = tuple((n, *map(float, mean(n)), *PUBLISHED.get(n, (None,) * 4), seconds[n]) for n in options.models)
    yield ResultTable(
        title="Accuracy, mean over problems and seeds",
        columns=(*columns, *(f"published, {100 * rate:.0f} %" for rate in RATES), "training, s"),
        rows=rows,
        picture="missing_rates.png",
        notes="Published are means over 30 other data sets, of the UEA and UCR archives (Oh et al. 2024). Training is that "
        "of all problems, rates and seeds, compilation included.",
    )
    for problem in options.problems:
        told = lambda a: f"{a.mean():.3f} ± {a.std():.3f}"
        rows = tuple((name, *(told(a) for a in found[problem, name])) for name in options.models)
        yield ResultTable(title=problem.replace("_", " "), columns=columns, rows=rows)


def picture(found: dict, options: argparse.Namespace):
    """Accuracy over the share of missing values, a panel for each problem and one line for each model."""
    from neuralpde.evaluation.plots.style import DARK, SERIES, new_figure, styled

    @styled
    def draw():
        figure = new_figure(3.6 * len(options.problems) + 1.4, 3.6)
        axes = figure.subplots(1, len(options.problems), sharey=True, squeeze=False)[0]
        for problem, panel in zip(options.problems, axes, strict=True):
            for name, color in zip(options.models, (*SERIES, DARK), strict=False):
                mean, deviation = found[problem, name].mean(1), found[problem, name].std(1)
                share = [100 * rate for rate in RATES]
                panel.errorbar(share, mean, deviation, color=color, marker="o", markersize=4, capsize=2, label=name)
            panel.set_title(problem.replace("_", " "))
            panel.set_xlabel("missing values [%]")
        axes[0].set_ylabel("test accuracy")
        figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside right upper")
        return figure

    return draw()


if __name__ == "__main__":
    main()
