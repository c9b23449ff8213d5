#!/usr/bin/env python3
"""Coverage of conformal bands around ensembles of FNOs on Darcy flow and on Burgers' equation.

Four members are trained together; half of the held-out functions calibrate 90 % bands, the other half measure them: for
the whole domain at once and for 95 % of it, with widths in proportion to the deviation of the members and constant.
Halves are drawn anew many times, since one of them tells the coverage to about 2 % only.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from pathlib import Path

import jax
import numpy as np
from omegaconf import OmegaConf

from neuralpde.cli.building import build
from neuralpde.cli.explanation import compose_config
from neuralpde.cli.run_folder import commit, environment
from neuralpde.cli.schema import register
from neuralpde.data import Dataset
from neuralpde.evaluation import (
    ResultFigure,
    ResultRecord,
    band_coverage,
    band_figure,
    band_scores,
    calibrate,
    conformal_quantile,
    predict_spread,
    save_figures,
    write_record,
)
from neuralpde.nn import Standardize
from neuralpde.operators import FNO, Ensemble, Normalized
from neuralpde.spaces import Field, relative_l2
from neuralpde.training import EnsembleTask, OperatorTask, adamw, fit

RESULTS = Path(__file__).resolve().parent / "results"
PROBLEMS = {
    "Darcy 16x16": ("darcy", {"resolution": 16, "test_resolutions": "[]"}, {"modes": 6, "width": 12, "depth": 3}),
    "Burgers 64": ("burgers", {"resolution": 64}, {"modes": 12, "width": 16, "depth": 3}),
}
MEMBERS, MISCOVERAGE, SPLITS = 4, 0.1, 100
KINDS = {"all of the domain": 1.0, "95 % of the domain": 0.95}


def dataset(name: str, changes: dict[str, object], train: int, held_out: int) -> Dataset:
    changes = {**changes, "train": train, "test": held_out}
    overrides = [f"dataset={name}", *(f"dataset.{key}={value}" for key, value in changes.items())]
    return build(OmegaConf.to_container(compose_config("generate", overrides), resolve=False)["dataset"])


def trained(data: Dataset, options: dict[str, int], steps: int) -> Ensemble:
    inputs, targets = Standardize.fit(data.train.inputs), Standardize.fit(data.train.targets)

    def member(source, target, on, key):
        return Normalized(FNO(source, target, on=on, key=key, **options), inputs, targets)

    model = Ensemble(data.source, data.target, member=member, size=MEMBERS, on=data.on, key=jax.random.key(0))
    task = EnsembleTask(OperatorTask(data, batch_size=16), MEMBERS)
    options_fit = {"steps": steps, "evaluate_every": steps, "progress": False}
    return fit(model, task, adamw(steps, 4e-3), key=jax.random.key(1), **options_fit).model


def measured(title: str, data: Dataset, ensemble: Ensemble, pictures: Path | None) -> list[ResultFigure]:
    (test,) = data.test.values()
    mean, deviation = predict_spread(ensemble, test, 50)
    truth = test.targets
    error = float(np.mean(jax.jit(jax.vmap(relative_l2))(mean, truth)))
    figures = [ResultFigure(f"{title}, relative L2 of the mean", error)]
    rng = np.random.default_rng(0)
    half = len(truth.values) // 2
    for kind, fraction in KINDS.items():
        for scale_name, scale in (("deviation", deviation), ("constant", None)):
            scores = band_scores(mean, truth, scale, fraction)
            shares = [_coverage(rng.permutation(scores), half) for _ in range(SPLITS)]
            old, new = (_part(part, mean, truth, scale) for part in (slice(None, half), slice(half, None)))
            band = calibrate(*old, miscoverage=MISCOVERAGE, fraction=fraction)
            width = band_coverage(band, *new).width
            name = f"{title}, {kind}, {scale_name} scale"
            source = "stated: at least 0.9"
            figures.append(ResultFigure(f"{name}: coverage", np.mean(shares), np.std(shares), "", 0.9, source))
            figures.append(ResultFigure(f"{name}: mean half width", width))
            if pictures and fraction < 1 and scale is not None:
                one = [jax.tree.map(lambda leaf: leaf[-1], field) for field in (truth, mean, deviation)]
                drawn = band_figure(one[0], one[1], band.half_width(one[2]), title=name)
                save_figures(pictures, {f"band_{data.name}": drawn})
    return figures


def _coverage(scores: np.ndarray, half: int) -> float:
    return float(np.mean(scores[half:] <= conformal_quantile(scores[:half], MISCOVERAGE)))


def _part(part: slice, *fields: Field | None) -> list[Field | None]:
    return [None if field is None else jax.tree.map(lambda leaf: leaf[part], field) for field in fields]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=256, help="training functions")
    parser.add_argument("--held-out", type=int, default=1000, help="functions to calibrate on and to measure")
    parser.add_argument("--steps", type=int, default=600, help="optimiser steps")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of a band of each problem")
    options = parser.parse_args()
    register()
    start, figures = time.perf_counter(), []
    for title, (name, changes, sizes) in PROBLEMS.items():
        data = dataset(name, changes, options.train, options.held_out)
        figures += measured(title, data, trained(data, sizes, options.steps), options.pictures)
    for figure in figures:
        print(f"{figure.name:70} {figure.value:.4g}" + ("" if figure.spread is None else f" +- {figure.spread:.2g}"))
    print(f"{time.perf_counter() - start:.0f} s")
    record = ResultRecord(
        name="conformal_bands",
        title="90 % conformal bands around ensembles of four FNOs",
        command=f"scripts/bench_conformal.py --train {options.train} --held-out {options.held_out} --steps {options.steps}",
        commit=(commit() or "unknown")[:12],
        device=f"{os.cpu_count()} x86 cores",
        date=datetime.date.today().isoformat(),
        seeds=(0,),
        figures=tuple(figures),
        versions=environment()["versions"],
        notes=f"Coverage: mean and standard deviation over {SPLITS} random halves of the held-out functions. The deviation of "
        "four members is noisy from point to point: bands in proportion to it are wider than constant ones.",
    )
    print(write_record(RESULTS, record))


if __name__ == "__main__":
    main()
