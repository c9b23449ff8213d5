"""``neuralpde solve``: from an equation and its conditions to a run folder with the network that solves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from neuralpde.evaluation import hidden_figure, learning_curve, read_metrics, save_figures, solution_figures
from neuralpde.pinn import Candidate, Problem, ReferenceValues, reference_values
from neuralpde.training import fit

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
        key_network, key_fit = jax.random.split(jax.random.key(config["seed"]))
        problem = make_problem(config)
        make_task, make_optimizer = (build(config[slot], SLOTS[slot]) for slot in ("task", "optimizer"))
        task = make_task(problem)
        candidate = make_candidate(config, problem, key_network)
        trainer = dict(config["trainer"])
        optimizer = make_optimizer(steps=trainer["steps"])
        fitted = fit(candidate, task, optimizer, **trainer, key=key_fit, folder=folder, resume=config["resume"])
        write_phases(folder, fitted.phases)

        def again(problem: Problem, candidate: Candidate) -> tuple[Any, Candidate]:
            steps, task = config["refit"], make_task(problem)
            options = {name: trainer[name] for name in ("steps_per_call", "progress")}
            made = fit(candidate, task, make_optimizer(steps=steps), steps=steps, key=key_fit, **options)
            return task, made.model

        inference = infer(problem, task, fitted.best_model, key_fit, again if config["refit"] else None)
        results = {
            "model/parameters": count_parameters(candidate),
            "train/steps": fitted.steps,
            "train/seconds": fitted.seconds,
            "train/steps_per_second": fitted.samples_per_second / task.batch_size,
            **errors(problem, inference.candidate),
            **inference.results,
        }
        _tell(results, problem, inference, folder, config)
    return results, {"problem": problem, "candidate": inference.candidate, "fit": fitted, "inference": inference}


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
        skeleton = eqx.filter_eval_shape(lambda: make_candidate(config, problem, jax.random.key(0)))
        return restore_model(folder / CHECKPOINTS, skeleton, which=checkpoint)


def make_problem(config: Mapping[str, Any]) -> Problem:
    """The problem of ``config["problem"]``."""
    problem = build(config["problem"], SLOTS["problem"])
    if not isinstance(problem, Problem):
        raise UsageError(f"problem gives a {type(problem).__name__}, not a Problem; `neuralpde list` names those.")
    return problem


def make_candidate(config: Mapping[str, Any], problem: Problem, key: jax.Array) -> Candidate:
    """The network of ``config["network"]`` as what is trained on a problem."""
    return problem.candidate(build(config["network"], SLOTS["network"])(problem.space, key=key))


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
    whole, *own = (float(e) for e in reference.relative_l2(candidate.u))
    found = {"test/relative_l2": whole, "test/relative_maximum": float(reference.relative_maximum(candidate.u))}
    if len(own) > 1:
        found |= {f"test/relative_l2_{name}": e for name, e in zip(problem.names, own, strict=True)}
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
        records = read_metrics(folder / METRICS)
        figures = solution_figures(problem, found.candidate, records, estimates=found.estimates)
        if found.formulas:
            figures["hidden_terms"] = hidden_figure(problem, found.network, found.formulas)
        if records:
            figures["learning_curve"] = learning_curve(records)
        save_figures(folder / PLOTS, figures)
    if options["report"]:
        report_run(folder, results, config, figures)
