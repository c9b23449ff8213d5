"""``neuralpde solve``: from an equation and its conditions to a run folder with the network that solves them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from neuralpde.evaluation import hidden_figure, learning_curve, read_metrics, save_figures, solution_figures
from neuralpde.pinn import Candidate, Problem, ReferenceValues, march, reference_values, window, windows
from neuralpde.spaces import Box
from neuralpde.training import FitResult, ResidualTask, fit

from .assessment import finite, report_run
from .building import SLOTS, build, check_slots
from .inference import Inference, expressions, infer
from .refusal import UsageError
from .run_folder import CHECKPOINTS, METRICS, PLOTS, RESULTS, open_run, read_config, write_json
from .train import count_parameters, write_phases

PRECISIONS = ("float32", "float64")
TEST_POINTS = 20_000
FORMULAS = "formulas.json"


def solve(config: Mapping[str, Any], folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """Train a network on a problem and measure it; returns the results and the objects for inspection.

    ``config`` is plain data with the keys of `SolveConfig`. Everything about the run is in ``folder`` afterwards.
    """
    check_slots(config)
    with computing_in(config["precision"]):
        open_run(folder, config)
        problem = make_problem(config)
        trained: list[tuple[ResidualTask, FitResult]] = []

        def train(part: Problem, place: Path) -> Candidate:
            trained.append(_train(config, part, place, number=len(trained)))
            return trained[-1][1].best_model

        inference = _inferred(config, problem, _over_windows(config, problem, folder, train), trained[-1][0])
        fits = [fitted for _, fitted in trained]
        results = {
            "model/parameters": count_parameters(fits[-1].best_model),
            "train/steps": sum(fitted.steps for fitted in fits),
            "train/seconds": sum(fitted.seconds for fitted in fits),
            "train/steps_per_second": fits[-1].samples_per_second / trained[-1][0].batch_size,
            **errors(problem, inference.candidate),
            **inference.results,
        }
        _tell(results, problem, inference, folder, config)
    objects = {"problem": problem, "candidate": inference.candidate, "fit": fits[-1], "fits": fits}
    return results, objects | {"inference": inference}


def load_solution(folder: str | Path, checkpoint: str = "best") -> Candidate:
    """The trained candidate of a run folder of ``neuralpde solve``: ``load_solution(folder).u(x)`` is the solution at x.

    ``checkpoint`` is ``"best"`` or ``"last"``. Nothing in the folder is executed, as in `load_run`. A solution in double
    precision wants it switched on (``jax.config.update("jax_enable_x64", True)``) where it is used.
    """
    from neuralpde.training import restore_model

    folder = Path(folder)
    config = read_config(folder)
    with computing_in(config.get("precision")):
        problem = make_problem(config)

        def restored(part: Problem, place: Path) -> Candidate:
            skeleton = eqx.filter_eval_shape(lambda: make_candidate(config, part, jax.random.key(0)))
            return restore_model(place / CHECKPOINTS, skeleton, which=checkpoint)

        return _over_windows(config, problem, folder, restored)


def make_problem(config: Mapping[str, Any]) -> Problem:
    """The problem of ``config["problem"]``."""
    problem = build(config["problem"], SLOTS["problem"])
    if not isinstance(problem, Problem):
        raise UsageError(f"problem gives a {type(problem).__name__}, not a Problem; `neuralpde list` names those.")
    return problem


def make_candidate(config: Mapping[str, Any], problem: Problem, key: jax.Array) -> Candidate:
    """The network of ``config["network"]`` as what is trained on a problem."""
    return problem.candidate(build(config["network"], SLOTS["network"])(problem.space, key=key))


def window_folders(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """Where the trainings of a run are: its folder, or where time has windows ``window_1``, ``window_2``, ... in it."""
    count = config.get("windows", 1)
    return [folder] if count == 1 else [folder / f"window_{k + 1}" for k in range(count)]


def _over_windows(
    config: Mapping[str, Any], problem: Problem, folder: Path, solved: Callable[[Problem, Path], Candidate]
) -> Candidate:
    """What is found for a problem: all at once, or in windows of time one after the other."""
    places = iter(window_folders(config, folder))
    if config.get("windows", 1) == 1:
        return solved(problem, next(places))
    if not isinstance(problem.domain, Box):
        raise UsageError(
            "windows=N divides the times of a box, and the problem lives on another domain; use windows=1."
        )
    stages = windows(problem.domain, config["windows"], config["beyond"])
    make = functools.partial(window, problem, snapshot=config.get("snapshot"))
    return Candidate(march(make, stages, None, lambda part: solved(part, next(places))))


def _train(config: Mapping[str, Any], problem: Problem, folder: Path, number: int) -> tuple[ResidualTask, FitResult]:
    """One training; ``number`` counts those of the run, each of which has random numbers of its own."""
    key_network, key_fit = _keys(config, number)
    task, trainer = build(config["task"], SLOTS["task"])(problem), dict(config["trainer"])
    optimizer = build(config["optimizer"], SLOTS["optimizer"])(steps=trainer["steps"])
    candidate = make_candidate(config, problem, key_network)
    fitted = fit(candidate, task, optimizer, **trainer, key=key_fit, folder=folder, resume=config["resume"])
    write_phases(folder, fitted.phases)
    return task, fitted


def _keys(config: Mapping[str, Any], number: int = 0) -> tuple[jax.Array, jax.Array]:
    """For the network and for the training of that number."""
    key = jax.random.key(config["seed"])
    key_network, key_fit = jax.random.split(jax.random.fold_in(key, number) if number else key)
    return key_network, key_fit


def _inferred(config: Mapping[str, Any], problem: Problem, candidate: Candidate, task: ResidualTask) -> Inference:
    """What a candidate says of its unknowns; hidden terms are trained again as formulas where ``refit`` asks for it."""
    _, key = _keys(config)

    def again(problem: Problem, candidate: Candidate) -> tuple[ResidualTask, Candidate]:
        steps, task = config["refit"], build(config["task"], SLOTS["task"])(problem)
        optimizer = build(config["optimizer"], SLOTS["optimizer"])(steps=steps)
        options = {name: config["trainer"][name] for name in ("steps_per_call", "progress")}
        return task, fit(candidate, task, optimizer, steps=steps, key=key, **options).model

    return infer(problem, task, candidate, key, again if config.get("refit") else None)


def _records(config: Mapping[str, Any], folder: Path) -> list[dict[str, Any]]:
    """The records of all trainings of a run, as if they were one."""
    found = enumerate(read_metrics(place / METRICS) for place in window_folders(config, folder))
    return [r | {"step": r["step"] + k * config["trainer"]["steps"]} for k, records in found for r in records]


@contextmanager
def computing_in(precision: object) -> Iterator[None]:
    """Arrays of this precision by default, and products of matrices in no lower one; raises `UsageError` for others."""
    if precision not in PRECISIONS:
        raise UsageError(f"precision is one of {', '.join(PRECISIONS)}, got {precision!r}.")
    with jax.enable_x64(precision == "float64"), jax.default_matmul_precision("highest"):
        yield


def errors(problem: Problem, candidate: Candidate) -> dict[str, float]:
    """Errors against the reference, at points that no training has seen; nothing where the solution is not known."""
    reference: ReferenceValues | None = reference_values(problem, TEST_POINTS, jax.random.key(2**31 - 3))
    if reference is None:
        return {}
    answer = problem.answer(candidate.u)
    whole, *own = (float(e) for e in reference.relative_l2(answer))
    found = {"test/relative_l2": whole, "test/relative_maximum": float(reference.relative_maximum(answer))}
    if len(own) > 1:
        found |= {f"test/relative_l2_{name}": e for name, e in zip(problem.answer_space.names, own, strict=True)}
    return found


def _tell(results: dict[str, float], problem: Problem, found: Inference, folder: Path, config: Mapping[str, Any]):
    """Numbers and formulas first, so that a run has them even where drawing fails."""
    from rich.console import Console
    from rich.table import Table

    write_json(folder / RESULTS, finite(results))
    table = Table(title=str(config["name"]), title_justify="left")
    table.add_column("result")
    table.add_column("value", justify="right")
    for name, value in results.items():
        table.add_row(name, f"{value:.4g}")
    console, formulas = Console(), expressions(found.formulas)
    console.print(table)
    if formulas:
        write_json(folder / FORMULAS, formulas)
    for name, text in formulas.items():
        console.print(f"{name} = {text}", highlight=False)
    options, figures = config["evaluation"], {}
    if options["plots"]:
        records = _records(config, folder)
        figures = solution_figures(problem, found.candidate, records, estimates=found.estimates)
        if found.formulas:
            figures["hidden_terms"] = hidden_figure(problem, found.network, found.formulas)
        if records:
            figures["learning_curve"] = learning_curve(records)
        save_figures(folder / PLOTS, figures)
    if options["report"]:
        report_run(folder, results, config, figures)
