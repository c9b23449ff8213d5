#!/usr/bin/env python3
"""Train neural ODEs plain and regularised, and count the evaluations of the vector field that a prediction then takes.

Two tasks in float32, each with one step size for the whole batch, as in the papers: a cubic spiral fitted at 30 times
in [0, 1.5]; and a disc in a ring with noise, lifted to 3 dimensions by a linear map and told apart by the end of a flow
over [0, 1]. Variants: plain, the error estimate (ERNODE) and the stiffness (SRNODE) of Tsit5 (Pal et al., ICML 2021), a
random end time (STEER), and the third derivative by time (TayNODE). All see the same seeds, data, steps and tolerances.
Published figures of these for MNIST stand beside ours; they are of another task and machine, and compare as ratios only.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from neuralpde.dynamics import (
    ErrorEstimate,
    Method,
    StiffnessEstimate,
    TaylorDerivative,
    random_end,
    solve,
    solve_with_integrals,
)
from neuralpde.equations import CubicSpiral
from neuralpde.nn import mlp

RESULTS = Path(__file__).resolve().parent / "results"
LIFTED, NOISE = 3, 0.15
VARIANTS = ("plain", "ERNODE", "SRNODE", "STEER", "TayNODE")
PUBLISHED = {
    "plain": (253, 1.0),
    "ERNODE": (177, 0.82 / 0.98),
    "SRNODE": (259, 1.24 / 0.98),
    "STEER": (265, 1.31 / 0.98),
    "TayNODE": (80, 1.19 / 0.98),
}
"""Evaluations at prediction and training time over the plain one's: MNIST, Pal et al. 2021, table 1."""


class Weights(NamedTuple):
    """The penalty's weight at the first and at the last step; exponential in between."""

    first: float
    last: float


class Task(NamedTuple):
    """A network, data, the loss of the states of a solve, and the settings of a training."""

    make: object
    data: object
    loss: object
    start: object
    times: jax.Array
    method: Method
    steps: int
    rate: float
    weights: dict[str, Weights]
    steer: float


class Rates(eqx.Module):
    """The vector field of a task and what reads the end of its flow."""

    field: eqx.nn.MLP
    lift: eqx.nn.Linear | None
    readout: eqx.nn.Linear | None
    cubes: bool = eqx.field(static=True)

    def __call__(self, t, y, args):
        one = lambda y: self.field(y**3 if self.cubes else jnp.append(y, jnp.asarray(t, y.dtype)))
        return jax.vmap(one)(y)


def exact_rates(t, y, args):
    """The field that the spiral is made of."""
    return jax.vmap(lambda y: CubicSpiral().vector_field(t, y))(y)


def spiral() -> Task:
    times = jnp.linspace(0.0, 1.5, 30)
    y0 = jnp.asarray([[2.0, 0.0]])
    exact = solve(exact_rates, y0, times, Method(rtol=1e-6)).states
    make = lambda key: Rates(mlp(2, 2, width=50, depth=1, activation=jnp.tanh, key=key), None, None, True)
    loss = lambda model, states, batch: jnp.sum((states - exact) ** 2)
    weights = {
        "ERNODE": Weights(1.0, 0.01),
        "SRNODE": Weights(0.03, 0.0003),
        "TayNODE": Weights(1e-6, 1e-8),
    }
    method = Method(rtol=1e-4, atol=1e-4, dt=0.05, max_steps=128)
    return Task(make, lambda key, n: None, loss, lambda model, batch: y0, times, method, 500, 0.02, weights, 0.02)


def annuli() -> Task:
    def data(key, n):
        key_radius, key_angle, key_class, key_noise = jax.random.split(key, 4)
        outer = jax.random.bernoulli(key_class, 0.5, (n,))
        radius = jnp.sqrt(jax.random.uniform(key_radius, (n,)))
        radius = jnp.where(outer, 1.0 + 0.5 * radius, 0.5 * radius)
        angle = jax.random.uniform(key_angle, (n,), maxval=2 * jnp.pi)
        points = radius[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], -1)
        return points + NOISE * jax.random.normal(key_noise, (n, 2)), outer.astype(float)

    def make(key):
        keys = jax.random.split(key, 3)
        field = mlp(LIFTED + 1, LIFTED, width=32, depth=1, activation=jnp.tanh, key=keys[0])
        return Rates(field, eqx.nn.Linear(2, LIFTED, key=keys[1]), eqx.nn.Linear(LIFTED, 1, key=keys[2]), False)

    logits = lambda model, states: jax.vmap(model.readout)(states[-1])[:, 0]
    loss = lambda model, states, batch: optax.sigmoid_binary_cross_entropy(logits(model, states), batch[1]).mean()
    weights = {"ERNODE": Weights(0.3, 0.03), "SRNODE": Weights(0.01, 0.01), "TayNODE": Weights(1e-3, 1e-3)}
    start = lambda model, batch: jax.vmap(model.lift)(batch[0])
    method = Method(rtol=1e-6, atol=1e-6, dt=0.05, max_steps=64)
    times = jnp.asarray([0.0, 1.0])
    return Task(make, data, loss, start, times, method, 400, 2e-2, weights, 0.5)


TASKS = {"spiral": spiral, "annuli": annuli}


def objective(task: Task, variant: str, model, batch, weight, key):
    """Loss with the variant's penalty, and the loss alone."""
    times = random_end(task.times, task.steer, key) if variant == "STEER" else task.times
    y0 = task.start(model, batch)
    if variant == "TayNODE":
        solved, integrals = solve_with_integrals(model, y0, times, [TaylorDerivative(3)], task.method)
        penalty = integrals[0] / len(y0)
    else:
        solved = solve(model, y0, times, task.method)
        penalties = {"ERNODE": ErrorEstimate("mean"), "SRNODE": StiffnessEstimate("max", 3.5068)}
        penalty = penalties[variant](solved.cost) if variant in penalties else 0.0
    loss = task.loss(model, solved.states, batch)
    return loss + weight * penalty, loss


class Trainer:
    """The training of one variant, compiled once for all seeds."""

    def __init__(self, task: Task, variant: str, batch_size: int):
        self.task = task
        optimizer = optax.adam(optax.cosine_decay_schedule(task.rate, task.steps))
        self.weights = task.weights.get(variant, Weights(1.0, 1.0))
        self.progress = jnp.linspace(0.0, 1.0, task.steps)
        params, self.static = self.start(0)

        def step(weights, carry, inputs):
            params, state = carry
            key, progress = inputs
            key_data, key_end = jax.random.split(key)
            weight = weights.first * (weights.last / weights.first) ** progress
            batch = task.data(key_data, batch_size)
            of = lambda p: objective(task, variant, eqx.combine(p, self.static), batch, weight, key_end)
            (_, loss), grad = jax.value_and_grad(of, has_aux=True)(params)
            updates, state = optimizer.update(grad, state, params)
            return (optax.apply_updates(params, updates), state), loss

        def train(params, key, weights):
            keys, start = jax.random.split(key, task.steps), (params, optimizer.init(params))
            (params, _), losses = jax.lax.scan(functools.partial(step, weights), start, (keys, self.progress))
            return params, losses

        begin = time.perf_counter()
        self.run = jax.jit(train).lower(params, jax.random.key(0), Weights(1.0, 1.0)).compile()
        self.compilation = time.perf_counter() - begin

    def start(self, seed: int):
        return eqx.partition(self.task.make(jax.random.key(seed)), eqx.is_inexact_array)

    def trained(self, seed: int, scale: float):
        """The trained model, and the seconds of training by the clock and of the processors."""
        params, _ = self.start(seed)
        weights = Weights(scale * self.weights.first, scale * self.weights.last)
        wall, processor = time.perf_counter(), time.process_time()
        params, _ = jax.block_until_ready(self.run(params, jax.random.key(100 + seed), weights))
        seconds = {"training": time.perf_counter() - wall, "processor": time.process_time() - processor}
        return eqx.combine(params, self.static), seconds | {"compilation": self.compilation}


def evaluations_of_the_truth() -> int:
    """What the spiral's own field takes under the method of its task: no learned one of equal loss can do with much less."""
    task = spiral()
    return int(solve(exact_rates, task.start(None, None), task.times, task.method).cost.evaluations)


def predict(task: Task, model, batch):
    """Loss, evaluations and steps of a prediction."""
    solved = solve(model, task.start(model, batch), task.times, task.method)
    return task.loss(model, solved.states, batch), solved.cost.evaluations, solved.cost.accepted


def measured(
    task: Task, variant: str, options: argparse.Namespace, repeats: int = 5
) -> Iterator[list[dict[str, float]]]:
    """For each scale of the weights and each seed: evaluations, loss and seconds of a prediction on unseen data, and
    the times of the training.
    """
    trainer = Trainer(task, variant, options.batch)
    answer = eqx.filter_jit(lambda model, batch: predict(task, model, batch))
    batch = task.data(jax.random.key(10_000), 1024)
    for scale in options.scales:
        runs = []
        for seed in options.seeds:
            model, seconds = trainer.trained(seed, scale)
            loss, evaluations, accepted = answer(model, batch)
            times = []
            for _ in range(repeats):
                begin = time.perf_counter()
                jax.block_until_ready(answer(model, batch))
                times.append(time.perf_counter() - begin)
            found = {"evaluations": float(evaluations), "steps": float(accepted), "loss": float(loss)}
            runs.append(found | {"prediction": min(times)} | seconds)
        yield runs
        if variant not in task.weights:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", choices=TASKS, nargs="+", default=list(TASKS))
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0], help="of the weights, to see what they trade")
    parser.add_argument("--dry", action="store_true", help="print without writing the record")
    options = parser.parse_args()
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for name in options.tasks:
        task = TASKS[name]()
        for variant in options.variants:
            for scale, runs in zip(options.scales, measured(task, variant, options), strict=False):
                found.setdefault(name, {})[variant] = runs
                print(f"x {scale:<6g}", told(name, variant, runs, found[name].get("plain", runs)), flush=True)
    if not options.dry:
        print(record(found, options))


def mean(runs: list[dict[str, float]], key: str) -> float:
    return statistics.fmean(run[key] for run in runs)


def told(name: str, variant: str, runs: list[dict[str, float]], plain: list[dict[str, float]]) -> str:
    """One line, with the published ratio beside ours."""
    ratio = lambda key: mean(runs, key) / mean(plain, key)
    published, published_time = PUBLISHED[variant]
    return (
        f"{name:7}{variant:8} evaluations {mean(runs, 'evaluations'):6.1f} ({ratio('evaluations'):.2f}x, published "
        f"{published / PUBLISHED['plain'][0]:.2f}x)  loss {mean(runs, 'loss'):.4f}  training "
        f"{mean(runs, 'training'):.2f} s ({ratio('training'):.2f}x, processor {ratio('processor'):.2f}x, published "
        f"{published_time:.2f}x)  prediction {1e3 * mean(runs, 'prediction'):.2f} ms  compilation "
        f"{mean(runs, 'compilation'):.1f} s"
    )


def record(found: dict[str, dict[str, list[dict[str, float]]]], options: argparse.Namespace) -> Path:
    from neuralpde.cli.run_folder import commit, environment
    from neuralpde.evaluation import ResultFigure, ResultRecord, write_record

    def figures(task: str, variant: str, runs: list[dict[str, float]]) -> list[ResultFigure]:
        label, plain = f"{task}, {variant}", found[task].get("plain")

        def figure(key: str, name: str, unit: str = "") -> ResultFigure:
            reference = None if plain is None or variant == "plain" else mean(plain, key)
            spread = statistics.pstdev(run[key] for run in runs)
            source = "" if reference is None else "the plain one, same run"
            return ResultFigure(f"{label}: {name}", mean(runs, key), spread, unit, reference, source)

        return [
            figure("evaluations", "evaluations at prediction"),
            figure("loss", "loss on unseen data"),
            figure("training", "training without compilation", "s"),
            figure("processor", "processor time of the training", "s"),
            figure("prediction", "prediction of 1024 examples", "s"),
        ]

    return write_record(
        RESULTS,
        ResultRecord(
            name="regularised_dynamics",
            title="Evaluations at prediction of regularised neural ODEs: a cubic spiral and a disc in a ring",
            command=f"scripts/bench_regularised_dynamics.py --seeds {' '.join(map(str, options.seeds))}",
            commit=(commit() or "unknown")[:12],
            device=f"{os.cpu_count()} x86 cores",
            date=datetime.date.today().isoformat(),
            seeds=tuple(options.seeds),
            figures=tuple(
                f
                for task, variants in found.items()
                for name, runs in variants.items()
                for f in figures(task, name, runs)
            ),
            versions=environment()["versions"],
            notes="Published on MNIST (Pal et al. 2021), evaluations and training time over the plain one's: "
            + ", ".join(f"{v} {n / 253:.2f}x and {t:.2f}x" for v, (n, t) in PUBLISHED.items() if v != "plain")
            + f". The field that the spiral is made of takes {evaluations_of_the_truth()} evaluations itself.",
        ),
    )


if __name__ == "__main__":
    main()
