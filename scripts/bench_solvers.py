#!/usr/bin/env python3
"""Time the solvers and the loader of data beside those that others use for the same, and compare what comes out.

``spectral`` steps the vorticity equation with this package's exponential integrators and exponax's, by turns in one
process (needs ``pip install exponax``). ``darcy`` solves Darcy flow in two-phase media with multigrid and with scipy's
sparse direct solver. ``loader`` streams random batches of a file beside bare reads by h5py, and to an FNO that trains on
them. ``bench_solvers.py`` runs all three, ``bench_solvers.py PART`` one; each writes its record of results.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import importlib.metadata
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import equinox as eqx
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import optax
import scipy.sparse
import scipy.sparse.linalg

from neuralpde.cli.run_folder import commit, environment
from neuralpde.data import Dataset, StreamLoader, write_dataset
from neuralpde.equations import Darcy, TwoPhase, Vorticity
from neuralpde.evaluation import ResultFigure, ResultRecord, write_record
from neuralpde.operators import FNO
from neuralpde.solvers import ETDRK, solve_elliptic
from neuralpde.spaces import (
    Box,
    Dirichlet,
    Field,
    FunctionSpace,
    GaussianField,
    Neumann,
    PowerLaplace,
    Sample,
    relative_l2,
)

RESULTS = Path(__file__).resolve().parent / "results"


def alternate(first: Callable, second: Callable, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of two functions called by turns, after one call each to compile."""
    jax.block_until_ready((first(), second()))
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for function, found in zip((first, second), seconds, strict=True):
            start = time.perf_counter()
            jax.block_until_ready(function())
            found.append(time.perf_counter() - start)
    return seconds


def difference(a, b) -> float:
    """Relative difference in the Euclidean norm."""
    return float(np.linalg.norm(np.asarray(a) - np.asarray(b)) / np.linalg.norm(np.asarray(b)))


def versus(name: str, ours: list[float], theirs: list[float], scale: float, unit: str, peer: str) -> ResultFigure:
    """The figure of a comparison of times, printed: medians, and the spread of ours."""
    middle, reference = (scale * statistics.median(seconds) for seconds in (ours, theirs))
    print(f"{name}: {middle:.3g} {unit}, {peer} {reference:.3g} {unit}, ratio {reference / middle:.2f}", flush=True)
    return ResultFigure(name, middle, scale * statistics.pstdev(ours), unit, reference, f"{peer}, by turns with ours")


VISCOSITY, STEP, POINTS = 1e-3, 1e-3, 128
TORUS = Box.cube(2, periodic=True)
VORTICITIES = FunctionSpace(TORUS, ("w",))


def whirls(batch: int) -> jax.Array:
    """Random vorticities (batch, x, y, 1), all of their modes among the 2/3 that the nonlinear term sees."""
    prior = GaussianField(VORTICITIES, PowerLaplace(2.5, 7.0, 7.0**1.5), modes=31, zero_mean=True)
    sample = lambda key: prior.sample(key, TORUS.grid(POINTS)).values
    return 5 * jax.vmap(sample)(jax.random.split(jax.random.key(0), batch))


def etdrk(w: jax.Array, order: int, steps: int) -> jax.Array:
    """The vorticities after some steps of `ETDRK`."""

    def final(values):
        start = Field(values, TORUS.grid(POINTS), VORTICITIES)
        return ETDRK(STEP, order).solve(Vorticity(VISCOSITY), start, (0.0, steps * STEP)).field.values[-1]

    return jax.vmap(final)(w)


def exponax_steps(w: jax.Array, order: int, steps: int) -> jax.Array:
    """The same by exponax, whose vorticity is minus ours and whose channels stand in front."""
    import exponax

    stepper = exponax.stepper.NavierStokesVorticity(2, 1.0, POINTS, STEP, diffusivity=VISCOSITY, order=order)
    return -jnp.moveaxis(jax.vmap(exponax.repeat(stepper, steps))(-jnp.moveaxis(w, -1, 1)), 1, -1)


def spectral(options: argparse.Namespace) -> list[ResultFigure]:
    """The vorticity equation on 128 x 128 points with ETDRK2 and ETDRK4, dealiased by 2/3, in both precisions."""
    peer = f"exponax {importlib.metadata.version('exponax')}"
    figures = []
    for dtype, order in itertools.product(("float32", "float64"), (2, 4)):
        # exponax computes in the precision that the whole process has.
        jax.config.update("jax_enable_x64", dtype == "float64")
        w = whirls(options.batch)
        ours, theirs = (
            functools.partial(jax.jit(f, static_argnums=(1, 2)), w, order, options.steps)
            for f in (etdrk, exponax_steps)
        )
        name = f"vorticity {POINTS}x{POINTS}, ETDRK{order}, {dtype}: time a step and sample"
        figures.append(
            versus(name, *alternate(ours, theirs, options.rounds), 1e3 / (options.steps * options.batch), "ms", peer)
        )
        print(f"  final states differ by {difference(ours(), theirs()):.1e}", flush=True)
    return figures


SQUARE = Box.cube(2)
CLAMPED = FunctionSpace(SQUARE, ("u",), Dirichlet(0.0))


def medium(n: int) -> Field:
    """A medium of two phases, 3 and 12, as in the Darcy benchmark of Fourier neural operators."""
    level = GaussianField(FunctionSpace(SQUARE, ("g",), Neumann(0.0)), PowerLaplace(2.0, 3.0), modes=64, zero_mean=True)
    return TwoPhase(level).sample(jax.random.key(0), SQUARE.grid(n))


def assembled(a: np.ndarray) -> scipy.sparse.csc_matrix:
    """The matrix of the five-point scheme on n x n cells: harmonic means at faces, walls half a cell away."""
    n = len(a)
    number = np.arange(n * n).reshape(n, n)
    rows, columns, values = [], [], []
    diagonal = np.zeros((n, n))
    for axis in (0, 1):
        left, right = np.take(a, range(n - 1), axis), np.take(a, range(1, n), axis)
        conductance = 2 * left * right / (left + right) * n**2
        one, other = np.take(number, range(n - 1), axis).ravel(), np.take(number, range(1, n), axis).ravel()
        rows += [one, other]
        columns += [other, one]
        values += [-conductance.ravel()] * 2
        np.add.at(diagonal.reshape(-1), one, conductance.ravel())
        np.add.at(diagonal.reshape(-1), other, conductance.ravel())
        for end in (0, -1):
            walls, cells = np.moveaxis(diagonal, axis, 0), np.moveaxis(a, axis, 0)
            walls[end] += 2 * cells[end] * n**2
    entries = [
        np.concatenate(part)
        for part in ([*values, diagonal.ravel()], [*rows, number.ravel()], [*columns, number.ravel()])
    ]
    return scipy.sparse.csc_matrix((entries[0], (entries[1], entries[2])), shape=(n * n, n * n))


def darcy(options: argparse.Namespace) -> list[ResultFigure]:
    """Darcy flow with source one in two-phase media, in float64; assembly is not counted for scipy."""
    jax.config.update("jax_enable_x64", True)
    peer = f"scipy {importlib.metadata.version('scipy')} spsolve"
    figures = []
    for n in options.sizes:
        a = medium(n)
        matrix, b = assembled(np.asarray(a.values[..., 0])), np.ones(n * n)

        def ours(a=a, n=n):
            return solve_elliptic(Darcy(a, 1.0), CLAMPED, SQUARE.grid(n), tolerance=1e-11)

        def theirs(matrix=matrix, b=b):
            return scipy.sparse.linalg.spsolve(matrix, b)

        figures.append(
            versus(f"Darcy {n}x{n}: time of a solution", *alternate(ours, theirs, options.rounds), 1e3, "ms", peer)
        )
        found = ours()
        u = np.asarray(found.field.values).reshape(-1)
        residual = np.linalg.norm(b - matrix @ u) / np.linalg.norm(b)
        print(f"  residual {residual:.1e}, {int(found.iterations)} iterations", end=", ")
        print(f"solutions differ by {difference(u, theirs()):.1e}", flush=True)
        if not residual < 1e-10:
            raise RuntimeError(f"The residual at n={n} is {residual:.1e}, above 1e-10: the times do not compare.")
    return figures


BATCH = 32


@contextlib.contextmanager
def stored_pairs(count: int, n: int) -> Iterator[Path]:
    """A file of pairs of random fields on n x n points, in float32."""
    rng = np.random.default_rng(0)
    part = lambda name: Field.stack(
        rng.normal(size=(count, n, n, 1)).astype(np.float32), TORUS.grid(n), FunctionSpace(TORUS, (name,))
    )
    with tempfile.TemporaryDirectory() as folder:
        yield write_dataset(Path(folder) / "pairs", Dataset("pairs", Sample(part("a"), part("u"))))


def bare_slices(path: Path, batches: int) -> None:
    """As much data by h5py alone: batches of neighbours, every one a single read."""
    with h5py.File(path, "r") as file:
        fields = list(file["t0_fields"].values())
        for step in range(batches):
            start = step * BATCH % (len(fields[0]) - BATCH)
            for field in fields:
                field[start : start + BATCH]


def bare_rows(path: Path, batches: int) -> None:
    """As much data by h5py alone: batches of random rows, in the increasing order that h5py asks for."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "r") as file:
        fields = list(file["t0_fields"].values())
        for _ in range(batches):
            rows = np.sort(rng.permutation(len(fields[0]))[:BATCH])
            for field in fields:
                field[rows]


def train_on(loader: StreamLoader, steps: int) -> tuple[float, float]:
    """Seconds in all, and seconds spent waiting for data, of some steps of an FNO, the first of them not counted."""
    space = FunctionSpace(TORUS, ("a",)), FunctionSpace(TORUS, ("u",))
    operator = FNO(*space, modes=12, width=32, depth=4, key=jax.random.key(0))
    optimizer = optax.adam(1e-3)

    @eqx.filter_jit(donate="all")
    def update(operator, state, batch):
        loss = lambda g: jax.vmap(lambda s: relative_l2(g(s.inputs), s.targets))(batch).mean()
        updates, state = optimizer.update(eqx.filter_grad(loss)(operator), state)
        return eqx.apply_updates(operator, updates), state

    state = optimizer.init(eqx.filter(operator, eqx.is_inexact_array))
    batches = loader.batches(stop=steps + 1)
    operator, state = jax.block_until_ready(update(operator, state, next(batches)))
    start, waited = time.perf_counter(), 0.0
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        waited += time.perf_counter() - asked
        if batch is None:
            return time.perf_counter() - start, waited
        operator, state = jax.block_until_ready(update(operator, state, batch))


def loader(options: argparse.Namespace) -> list[ResultFigure]:
    """Pairs of fields on 128 x 128 points: samples a second in random order, and the time that an FNO waits for them."""
    jax.config.update("jax_enable_x64", False)
    batches, count = 240, 1920
    figures, samples = [], batches * BATCH
    with stored_pairs(count, POINTS) as path:
        stream = StreamLoader(path, BATCH, key=jax.random.key(0), verify=False)

        def ours():
            for batch in stream.batches(stop=batches):
                jax.block_until_ready(batch)

        for kind, bare in (("random rows", bare_rows), ("neighbours in one read", bare_slices)):
            sides = alternate(ours, functools.partial(bare, path, batches), options.rounds)
            middle, reference = (samples / statistics.median(seconds) for seconds in sides)
            spread = statistics.pstdev([samples / second for second in sides[0]])
            print(
                f"loader: {middle:.0f} samples/s, h5py {reference:.0f} ({kind}), ratio {middle / reference:.2f}",
                flush=True,
            )
            name = f"random batches, checked and on the device, beside bare reads of {kind}"
            source = f"h5py {h5py.__version__}, by turns with ours"
            figures.append(ResultFigure(name, middle, spread, "samples/s", reference, source))
        total, waited = train_on(StreamLoader(path, 16, key=jax.random.key(0), verify=False), options.training_steps)
    print(f"FNO on {POINTS}x{POINTS}, batch 16: waits for {waited / total:.2%} of {total:.1f} s", flush=True)
    waiting = ResultFigure("share of a training step of an FNO spent waiting for data", 100 * waited / total, None, "%")
    return [*figures, waiting]


PARTS = {
    "spectral": (spectral, "ETDRK against exponax on the vorticity equation"),
    "darcy": (darcy, "Multigrid against a sparse direct solver on Darcy flow"),
    "loader": (loader, "Streaming of samples against bare reads of their file"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS, nargs="?", help="all where left out")
    parser.add_argument("--rounds", type=int, default=10, help="calls of each side")
    parser.add_argument("--steps", type=int, default=100, help="time steps a call (spectral)")
    parser.add_argument("--batch", type=int, default=1, help="samples solved together (spectral)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 421, 512], help="cells an axis (darcy)")
    parser.add_argument("--training-steps", type=int, default=20, help="steps of the FNO (loader)")
    parser.add_argument("--dry", action="store_true", help="print the figures, write no record")
    options = parser.parse_args()
    for part in PARTS if options.part is None else [options.part]:
        run, title = PARTS[part]
        figures = run(options)
        if not options.dry:
            print(write_record(RESULTS, record(part, title, figures)), flush=True)


def record(part: str, title: str, figures: list[ResultFigure]) -> ResultRecord:
    """The record of what one part measured."""
    return ResultRecord(
        name=f"solvers_{part}",
        title=title,
        command=f"scripts/bench_solvers.py {' '.join(sys.argv[1:])}".strip(),
        commit=(commit() or "unknown")[:12],
        device=f"{os.cpu_count()} x86 cores",
        date=datetime.date.today().isoformat(),
        seeds=(0,),
        figures=tuple(figures),
        versions=environment()["versions"],
    )


if __name__ == "__main__":
    main()
