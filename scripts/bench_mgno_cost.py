#!/usr/bin/env python3
"""Floating-point operations and bytes of a compiled training step of MgNO, beside the counts of its formulas.

The rough configuration (572,661 parameters) on 64 x 64 points in batches of 8. Nothing is timed: the figures are those
of XLA's cost analysis, the same on every machine of one kind.
"""

from __future__ import annotations

import datetime
import math
import os
from pathlib import Path

import equinox as eqx
import jax
import optax

from neuralpde.cli.run_folder import commit, environment
from neuralpde.evaluation import ResultFigure, ResultRecord, write_record
from neuralpde.nn import Convolution, Pointwise
from neuralpde.operators import MgNO
from neuralpde.operators.mgno_cycle import VCycle, level_grids
from neuralpde.spaces import Box, Dirichlet, Field, FunctionSpace, Grid, relative_l2
from neuralpde.training import adamw

RESULTS = Path(__file__).resolve().parent / "results"
BATCH, POINTS, BYTES = 8, 64, 4

Cost = tuple[float, float]
"""Multiplications and additions, and numbers read and written."""


def linear(weight: jax.Array, inputs: int, outputs: int, applied: int) -> Cost:
    """A kernel (taps..., i, o) applied at ``applied`` points: two operations a product; input and output pass once."""
    i, o = weight.shape[-2:]
    return 2.0 * weight.size * applied, float(inputs * i + outputs * o)


def cycle_cost(cycle: VCycle, grid: Grid) -> Cost:
    """One application of a V-cycle."""
    sizes = [level.size for level in level_grids(grid, len(cycle.pre), cycle.pad_transfers)]
    parts = []
    for level, n in enumerate(sizes):
        for step in (*cycle.pre[level], *cycle.post[level]):
            parts += [linear(c.weight, n, n, n) for c in (step.A, step.S) if isinstance(c, Convolution)]
        if level < len(cycle.R):
            m = sizes[level + 1]
            parts += [linear(c.weight, n, m, m) for c in (cycle.Pi[level], cycle.R[level])]
            parts.append(linear(cycle.P[level].weight, m, n, m))
    return total(parts)


def forward_cost(model: MgNO, grid: Grid) -> Cost:
    """One application of the operator: convolutions, pointwise maps, and two passes of each activation."""
    n, parts = grid.size, []
    for layer in model.layers:
        parts.append(cycle_cost(layer.W, grid))
        width = layer.W.P[0].weight.shape[-1]
        if isinstance(layer.B, Pointwise):
            parts.append(linear(layer.B.weight, n, n, n))
        parts.append((0.0, 2.0 * width * n))
    head = model.head
    parts.append(linear(head.weight, n, n, n) if isinstance(head, Pointwise) else cycle_cost(head, grid))
    return total(parts)


def total(parts: list[Cost]) -> Cost:
    return math.fsum(flops for flops, _ in parts), math.fsum(numbers for _, numbers in parts)


def training_cost(model: MgNO, grid: Grid, batch: int) -> Cost:
    """Floating-point operations and bytes of a step: forward, and as much for each of the gradients in inputs and in
    parameters.
    """
    flops, numbers = forward_cost(model, grid)
    return 3 * batch * flops, 3 * batch * BYTES * numbers


def compiled_cost(model: MgNO, grid: Grid, batch: int) -> Cost:
    """The same of the program that XLA makes of a step with the relative L2 loss and AdamW."""
    optimizer = adamw(100)
    parameters, static = eqx.partition(model, eqx.is_inexact_array)

    def step(parameters, state, a, u):
        def loss(p):
            answers = jax.vmap(eqx.combine(p, static))(Field.stack(a, grid, model.source))
            return jax.vmap(relative_l2)(answers, Field.stack(u, grid, model.target)).mean()

        value, gradient = jax.value_and_grad(loss)(parameters)
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    values = jax.ShapeDtypeStruct((batch, *grid.shape, 1), "float32")
    state = jax.eval_shape(optimizer.init, parameters)
    cost = jax.jit(step, donate_argnums=(0, 1)).lower(parameters, state, values, values).compile().cost_analysis()
    return cost["flops"], cost["bytes accessed"]


def main() -> None:
    square = Box.cube(2)
    grid = square.grid(POINTS)
    spaces = FunctionSpace(square, ("a",)), FunctionSpace(square, ("u",), Dirichlet(0.0))
    model = MgNO(*spaces, on=grid, key=jax.random.key(0))
    (flops, bytes_), (flops_0, bytes_0) = compiled_cost(model, grid, BATCH), training_cost(model, grid, BATCH)
    print(f"flops {flops:.4g} of {flops_0:.4g}: {flops / flops_0:.3f}; bytes {bytes_:.4g} of {bytes_0:.4g}", flush=True)
    source = "count from the formulas"
    record = ResultRecord(
        name="mgno_cost",
        title="MgNO: work of a compiled training step, rough configuration, 64x64, batch 8",
        command="scripts/bench_mgno_cost.py",
        commit=(commit() or "unknown")[:12],
        device=f"{os.cpu_count()} x86 cores",
        date=datetime.date.today().isoformat(),
        seeds=(0,),
        figures=(
            ResultFigure("floating-point operations", flops / 1e9, None, "GFLOP", flops_0 / 1e9, source),
            ResultFigure("bytes read and written", bytes_ / 1e9, None, "GB", bytes_0 / 1e9, source),
        ),
        versions=environment()["versions"],
        notes=(
            "The count is three times that of a forward pass. Its bytes are those of arrays that pass once into and out "
            "of every linear map and activation; what XLA adds are copies, extended and interleaved arrays."
        ),
    )
    print(write_record(RESULTS, record))


if __name__ == "__main__":
    main()
