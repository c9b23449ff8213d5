#!/usr/bin/env python3
"""Time derivatives of a coordinate network: Taylor series by the rules of its layers, beside other ways to get them.

All derivatives up to a highest one along a line, the Laplacian in several dimensions and the biharmonic operator, of a
tanh network at a batch of points: forward, and with the gradient in the parameters of their mean square. The ways are
nested reverse mode (``jax.grad`` of ``jax.grad``), nested forward mode (``jax.jvp`` of ``jax.jvp``), ``jax.experimental.jet``,
and ours; all take turns in one process and their answers are compared.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.jet import jet

from neuralpde.cli.run_folder import commit, environment
from neuralpde.equations.derivatives import biharmonic, expanded, fourth_order_directions, laplacian, partial
from neuralpde.evaluation import ResultFigure, ResultRecord, ResultTable, write_record
from neuralpde.nn import mlp

RESULTS = Path(__file__).resolve().parent / "results"
OURS, REVERSE, FORWARD, JET = "ours", "nested reverse", "nested forward", "jet"

Scalar = Callable[[jax.Array], jax.Array]
"""A function (d,) -> () at a point, from which a derivative is made."""


def line(way: str, order: int, net: Callable, x: jax.Array) -> jax.Array:
    """u, u_x, .., and the derivative of ``order`` along the first coordinate."""
    if way == OURS:
        u = expanded(net, x)
        return jnp.stack([partial(u, 0, k)(x)[0] for k in range(order + 1)])
    if way == JET:
        value, rest = jet(lambda y: net(y)[0], (x,), ([unit(0, x), *[jnp.zeros_like(x)] * (order - 1)],))
        return jnp.stack([value, *rest])
    found = [lambda y: net(y)[0]]
    for _ in range(order):
        found.append(slope(way, found[-1], 0))
    return jnp.stack([f(x) for f in found])


def trace(way: str, net: Callable, x: jax.Array) -> jax.Array:
    """The Laplacian in all coordinates."""
    if way == OURS:
        return laplacian(net, range(len(x)))(x)[0]
    if way == JET:
        second = lambda v: jet(lambda y: net(y)[0], (x,), ([v, jnp.zeros_like(x)],))[1][1]
        return jax.vmap(second)(jnp.eye(len(x), dtype=x.dtype)).sum()
    return nested_laplacian(way, lambda y: net(y)[0])(x)


def squared(way: str, net: Callable, x: jax.Array) -> jax.Array:
    """The biharmonic operator."""
    if way == OURS:
        return biharmonic(net, range(len(x)))(x)[0]
    if way == JET:
        vectors, weights = (jnp.asarray(a, x.dtype) for a in fourth_order_directions(len(x)))
        fourth = lambda v: jet(lambda y: net(y)[0], (x,), ([v, *[jnp.zeros_like(x)] * 3],))[1][3]
        return weights @ jax.vmap(fourth)(vectors)
    return nested_laplacian(way, nested_laplacian(way, lambda y: net(y)[0]))(x)


def nested_laplacian(way: str, f: Scalar) -> Scalar:
    return lambda x: sum(slope(way, slope(way, f, i), i)(x) for i in range(len(x)))


def slope(way: str, f: Scalar, axis: int) -> Scalar:
    """The derivative along one coordinate."""
    if way == REVERSE:
        return lambda x: jax.grad(f)(x)[axis]
    return lambda x: jax.jvp(f, (x,), (unit(axis, x),))[1]


def unit(axis: int, x: jax.Array) -> jax.Array:
    return jnp.zeros_like(x).at[axis].set(1)


CASES: dict[str, tuple[int, Callable[[str, Callable, jax.Array], jax.Array]]] = {
    **{f"u .. d^{k}u/dx^{k}": (2, lambda way, net, x, k=k: line(way, k, net, x)) for k in (2, 3, 4)},
    **{f"Laplacian, d = {d}": (d, trace) for d in (2, 5, 10)},
    "biharmonic, d = 2": (2, squared),
}
"""The dimension and the derivative of each."""


def programs(case: str, way: str, points: int, width: int, depth: int) -> tuple[dict[str, Callable], tuple]:
    """The compiled forward pass and that with the gradient of its mean square in the parameters; their arguments."""
    dim, derivative = CASES[case]
    net = mlp(dim, 1, width=width, depth=depth, activation=jnp.tanh, key=jax.random.key(0))
    parameters, static = eqx.partition(net, eqx.is_inexact_array)
    x = jax.random.uniform(jax.random.key(1), (points, dim), minval=-1.0)

    def forward(parameters, x):
        return jax.vmap(functools.partial(derivative, way, eqx.combine(parameters, static)))(x)

    def trained(parameters, x):
        return jax.grad(lambda parameters: jnp.mean(forward(parameters, x) ** 2))(parameters)

    compiled = {"forward": jax.jit(forward), "with gradient": jax.jit(trained)}
    return {name: program.lower(parameters, x).compile() for name, program in compiled.items()}, (parameters, x)


def measure(case: str, points: int, width: int, depth: int, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Seconds (median) and operations of each pass and way, which take turns."""
    ways = {way: programs(case, way, points, width, depth) for way in (OURS, REVERSE, FORWARD, JET)}
    answers = {way: np.asarray(made["forward"](*arguments)) for way, (made, arguments) in ways.items()}
    for way, answer in answers.items():
        difference = np.abs(answer - answers[FORWARD]).max() / np.abs(answers[FORWARD]).max()
        if difference > 1e-3:
            raise RuntimeError(f"{case}: {way} differs from {FORWARD} by {difference:.1e} of the largest value.")
    found = {}
    for name in ("forward", "with gradient"):
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for round_ in range(rounds + 1):
            for way, (made, arguments) in ways.items():
                start = time.perf_counter()
                jax.block_until_ready(made[name](*arguments))
                # The first round warms up.
                seconds[way] += [time.perf_counter() - start] * (round_ > 0)
        found[name] = {
            way: {"seconds": statistics.median(seconds[way]), "flops": made[name].cost_analysis()["flops"]}
            for way, (made, _) in ways.items()
        }
    return found


def table(results: dict[str, dict], name: str) -> ResultTable:
    """Times of ours and those of the others over ours, and the same of floating-point operations."""
    others = (REVERSE, FORWARD, JET)
    columns = (
        "derivative",
        "ours, ms",
        *(f"{way} / ours" for way in others),
        *(f"{way} / ours, flop" for way in others),
    )
    rows = []
    for case, result in results.items():
        ours = result[name][OURS]
        ratios = [result[name][way][key] / ours[key] for key in ("seconds", "flops") for way in others]
        rows.append((case, 1e3 * ours["seconds"], *ratios))
    return ResultTable(name, columns, tuple(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=4096)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--no-record", action="store_true", help="print only")
    options = parser.parse_args()
    results = {}
    for case in options.cases:
        results[case] = measure(case, options.points, options.width, options.depth, options.rounds)
        for name, ways in results[case].items():
            ours = ways[OURS]
            ratios = ", ".join(
                f"{way} {found['seconds'] / ours['seconds']:.2f} ({found['flops'] / ours['flops']:.2f} flop)"
                for way, found in ways.items()
                if way != OURS
            )
            print(f"{case}, {name}: ours {1e3 * ours['seconds']:.1f} ms; over ours: {ratios}", flush=True)
    if options.no_record:
        return
    lines = [case for case in results if case.startswith("u ..")]
    figures = tuple(
        ResultFigure(
            f"{case}, with gradient",
            1e3 * results[case]["with gradient"][OURS]["seconds"],
            None,
            "ms",
            1e3 * results[case]["with gradient"][REVERSE]["seconds"],
            "nested reverse mode, by turns with ours",
        )
        for case in lines
    )
    size = f"{options.depth} hidden layers of {options.width}, tanh, {options.points} points, float32"
    record = ResultRecord(
        name="derivatives",
        title=f"Derivatives of a coordinate network: {size}",
        command="scripts/bench_derivatives.py",
        commit=(commit() or "unknown")[:12],
        device=f"{os.cpu_count()} x86 cores" if jax.default_backend() == "cpu" else jax.devices()[0].device_kind,
        date=datetime.date.today().isoformat(),
        seeds=(0,),
        figures=figures,
        versions=environment()["versions"],
        tables=tuple(table(results, name) for name in ("forward", "with gradient")),
        notes="Medians of rounds in which all ways take turns; above one, the other way takes longer than ours.",
    )
    print(write_record(RESULTS, record))


if __name__ == "__main__":
    main()
