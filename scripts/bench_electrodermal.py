#!/usr/bin/env python3
"""Skin conductance and emotions of sessions that were held out, five times: two tasks and their law beside rivals.

Sessions are made up in the form of Mandal's data (arXiv 2505.18169): self-reports, a class that was felt, conductance at
twenty times with errors. A network learns both tasks and the law between them; beside it the same network without the law,
with one task alone, and support vector machines and boosted trees (``pip install -e ".[bench]"``). How long networks are
trained and the settings of the machines are chosen within the sessions to learn from. Every session is asked about once.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.svm import SVC, SVR
from xgboost import XGBClassifier, XGBRegressor

from neuralpde.cli.run_folder import commit, environment
from neuralpde.evaluation import ResultRecord, ResultTable, write_record
from neuralpde.nn import mlp
from neuralpde.pinn import Candidate, Labels, Observations, Problem, problems
from neuralpde.pinn.problems.electrodermal import (
    BASELINE,
    DECAY,
    DRIVES,
    EMOTIONS,
    Sessions,
    divided,
    recorded_sessions,
)
from neuralpde.spaces import Neural
from neuralpde.training import ResidualTask, fit, levenberg_marquardt

RESULTS = Path(__file__).resolve().parent / "results"
FOLDS = 5
WEIGHTS = {"data": 100.0, "equation": 10.0, "labels": 0.3}
UNKNOWNS = ("alpha", *(f"beta_{emotion}" for emotion in EMOTIONS))
PUBLISHED = {"RMSE": 0.0362, "Pearson": 0.9919, "F1": 0.9408}
"""Mandal, arXiv 2505.18169: another, not published, selection of real data."""
BEST = "the truth"


class Asked(NamedTuple):
    """What is found for held-out sessions: conductance at all times, classes and their chances, the numbers of the law."""

    conductance: np.ndarray | None
    emotions: np.ndarray | None
    unknowns: dict[str, float] | None = None
    chances: np.ndarray | None = None


def points_of(sessions: Sessions) -> np.ndarray:
    """Reports and times, a row for each measurement."""
    many = len(sessions.times)
    return np.column_stack([np.repeat(sessions.reports, many, axis=0), np.tile(sessions.times, len(sessions.reports))])


def networks(options: argparse.Namespace) -> dict[str, Callable[[int, Sessions, Sessions], Asked]]:
    """The network with everything, and with less. Steps of training are chosen on a quarter of the sessions to learn from."""
    law = problems.electrodermal(options.sessions, options.times, options.noise, 0, FOLDS, options.seed)

    def with_parts(*parts: str) -> Callable[[int, Sessions, Sessions], Asked]:
        def answer(fold: int, train: Sessions, unseen: Sessions) -> Asked:
            learned, kept = divided(train, 0, 4)
            found = {n: solved(law, parts, learned, n, fold)(kept) for n in options.steps}
            chosen = min(options.steps, key=lambda n: missed(found[n], kept))
            return solved(law, parts, train, chosen, fold)(unseen)

        return answer

    return {
        "both tasks and the law": with_parts("equation", "data", "labels"),
        "both tasks": with_parts("data", "labels"),
        "conductance alone": with_parts("data"),
        "emotions alone": with_parts("labels"),
    }


def missed(found: Asked, sessions: Sessions) -> float:
    """What training makes small, of sessions that were not trained on and without the law."""
    value = 0.0
    if found.conductance is not None:
        value += WEIGHTS["data"] * float(np.mean((found.conductance - sessions.conductance) ** 2))
    if found.chances is not None:
        value -= WEIGHTS["labels"] * float(
            np.mean(np.log(found.chances[np.arange(len(found.chances)), sessions.emotions]))
        )
    return value


def solved(
    whole: Problem, parts: tuple[str, ...], train: Sessions, steps: int, seed: int
) -> Callable[[Sessions], Asked]:
    """A network trained on sessions: what it tells of others."""
    middle = np.column_stack([train.reports, np.full(len(train.reports), 0.5)])
    stated = {
        "equation": whole.stated[0],
        "data": Observations(points_of(train), train.conductance.ravel(), of="conductance"),
        "labels": Labels(middle, train.emotions, of=EMOTIONS),
    }
    first, *rest = (stated[part] for part in parts)
    unknowns = whole.unknowns if "equation" in parts else {}
    posed = Problem(whole.domain, first, rest, unknowns=unknowns, names=whole.names)
    candidate = trained(posed, {part: WEIGHTS[part] for part in parts}, steps, seed)
    answer = jax.jit(jax.vmap(whole.answer(candidate.u)))

    def told_of(sessions: Sessions) -> Asked:
        values = np.asarray(answer(jnp.asarray(points_of(sessions))))
        chances = values[:: len(sessions.times), 1:] if "labels" in parts else None
        conductance = values[:, 0].reshape(sessions.conductance.shape) if "data" in parts else None
        numbers = {name: float(getattr(v, "value", v)) for name, v in candidate.unknowns.items()}
        return Asked(conductance, None if chances is None else chances.argmax(1), numbers or None, chances)

    return told_of


def trained(posed: Problem, weights: dict[str, float], steps: int, seed: int) -> Candidate:
    key_network, key_points = jax.random.split(jax.random.key(seed))
    network = mlp(5, len(posed.names), width=16, depth=2, activation=jnp.tanh, key=key_network)
    task = ResidualTask(posed, 1000, resample_every=None, weights=weights)
    candidate = posed.candidate(Neural(network, posed.space))
    options = {"steps_per_call": 10, "key": key_points, "progress": False}
    return fit(candidate, task, levenberg_marquardt(steps), steps=steps, **options).best_model


def classical(seed: int) -> dict[str, Callable[[int, Sessions, Sessions], Asked]]:
    """Machines that know of no law; settings by cross-validation, in which a session is in one part."""
    strengths = {"C": [0.1, 1.0, 10.0, 100.0], "gamma": [0.1, 0.3, 1.0]}
    trees = {"max_depth": [2, 3, 5], "n_estimators": [50, 200, 800], "learning_rate": [0.05, 0.2]}
    pairs = {
        "support vectors": (SVR(epsilon=0.01), SVC(), strengths),
        "boosted trees": (XGBRegressor(n_jobs=1, random_state=seed), XGBClassifier(n_jobs=1, random_state=seed), trees),
    }

    def with_machines(regressor, classifier, settings) -> Callable[[int, Sessions, Sessions], Asked]:
        def answer(_, train: Sessions, unseen: Sessions) -> Asked:
            sessions = np.repeat(np.arange(len(train.reports)), len(train.times))
            chosen = lambda machine: GridSearchCV(machine, settings, cv=GroupKFold(4))
            values = chosen(regressor).fit(points_of(train), train.conductance.ravel(), groups=sessions)
            classes = chosen(classifier).fit(train.reports, train.emotions, groups=np.arange(len(train.reports)))
            conductance = values.predict(points_of(unseen)).reshape(unseen.conductance.shape)
            return Asked(conductance, classes.predict(unseen.reports))

        return answer

    return {name: with_machines(*parts) for name, parts in pairs.items()}


def truth(options: argparse.Namespace) -> Callable[[int, Sessions, Sessions], Asked]:
    """Conductance without errors, and the likeliest class: more cannot be known."""

    def answer(fold: int, _, unseen: Sessions) -> Asked:
        whole = problems.electrodermal(options.sessions, options.times, options.noise, fold, FOLDS, options.seed)
        exact = np.asarray(jax.vmap(whole.reference)(jnp.asarray(points_of(unseen))))
        numbers = dict(zip(UNKNOWNS, (DECAY, *map(float, DRIVES)), strict=True))
        return Asked(exact[:, 0].reshape(unseen.conductance.shape), exact[:: len(unseen.times), 1:].argmax(1), numbers)

    return answer


def measured(found: Asked, unseen: Sessions, exact: Asked) -> dict[str, float]:
    row = {}
    if found.conductance is not None:
        root = lambda values: float(np.sqrt(np.mean(values**2)))
        row["RMSE"] = root(found.conductance - unseen.conductance)
        row["RMSE of the truth"] = root(found.conductance - exact.conductance)
        row["Pearson"] = float(np.corrcoef(found.conductance.ravel(), unseen.conductance.ravel())[0, 1])
    if found.emotions is not None:
        row["F1"] = float(f1_score(unseen.emotions, found.emotions, average="macro"))
        row["as the likeliest class"] = float((found.emotions == exact.emotions).mean())
    return row | (found.unknowns or {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--times", type=int, default=20, help="measurements of a session")
    parser.add_argument("--noise", type=float, default=0.05, help="standard deviation of the errors of conductance")
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[5, 10, 20, 60], help="Levenberg-Marquardt, to choose from"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sessions")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the record goes")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    recorded = recorded_sessions(options.sessions, options.times, options.noise, options.seed)
    rivals = {**networks(options), **classical(options.seed), BEST: truth(options)}
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in rivals}
    seconds = dict.fromkeys(rivals, 0.0)
    for fold in range(FOLDS):
        train, unseen = divided(recorded, fold, FOLDS)
        exact = rivals[BEST](fold, train, unseen)
        for name, answer in rivals.items():
            start = time.perf_counter()
            rows[name].append(measured(answer(fold, train, unseen), unseen, exact))
            seconds[name] += time.perf_counter() - start
            told = "  ".join(f"{k} {v:.4g}" for k, v in rows[name][-1].items())
            print(f"{fold} {name:24}{told}   {time.perf_counter() - start:.0f} s", flush=True)
    print(record(rows, seconds, options))


def given(value) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else f"{value:g}"


def record(rows: dict[str, list[dict[str, float]]], seconds: dict[str, float], options: argparse.Namespace) -> Path:
    chosen = {name: value for name, value in vars(options).items() if name != "folder"}
    return write_record(
        options.folder,
        ResultRecord(
            name="electrodermal",
            title="Skin conductance and emotions: two tasks and the law between them",
            command="scripts/bench_electrodermal.py " + " ".join(f"--{name} {given(v)}" for name, v in chosen.items()),
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=(options.seed,),
            figures=(),
            tables=(compared(rows, seconds, options), law(rows)),
            versions=environment()["versions"],
        ),
    )


def told(rows: list[dict[str, float]], name: str) -> str | None:
    """Mean and standard deviation over the folds."""
    values = [row[name] for row in rows if name in row]
    return f"{np.mean(values):.4f} ± {np.std(values):.4f}" if values else None


def compared(rows: dict[str, list[dict[str, float]]], seconds: dict[str, float], options) -> ResultTable:
    columns = ("RMSE", "RMSE of the truth", "Pearson", "F1", "as the likeliest class")
    cells = [(name, *(told(many, column) for column in columns), seconds[name]) for name, many in rows.items()]
    published = ("Mandal, on WESAD", *(PUBLISHED.get(column) for column in columns), None)
    return ResultTable(
        title=f"Held-out sessions, means and deviations of {FOLDS} folds",
        columns=("model", *columns, "training of all, s"),
        rows=(*cells, published),
        notes=f"Measured conductance has errors of {options.noise:g}, so that no RMSE can be much less; the next column is "
        "the distance to conductance without errors. F1 is the mean over the three classes, which are drawn with their "
        "chances: the last column says how often the likeliest was told. Mandal's are real data of 15 people in an unknown "
        "selection, and not to be compared as numbers.",
    )


def law(rows: dict[str, list[dict[str, float]]]) -> ResultTable:
    """The numbers of the law, which only the network with the law finds."""
    name = next(iter(rows))
    cells = tuple((unknown, told(rows[name], unknown), rows[BEST][0][unknown]) for unknown in UNKNOWNS)
    return ResultTable(
        title="Numbers of the law",
        columns=("unknown", "found", "true"),
        rows=cells,
        notes=f"All begin at 1. Conductance begins with {BASELINE:g}, which is not told.",
    )


if __name__ == "__main__":
    main()
