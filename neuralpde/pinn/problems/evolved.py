"""References by Fourier series and exponential time steps, for equations on a periodic box."""

from __future__ import annotations

import jax
import numpy as np

from neuralpde.equations import PointFunction
from neuralpde.equations.semilinear import AbstractSemilinear
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, ClosedForm, Field, Fourier, FunctionSpace

SAMPLES = 2**16
"""Points an axis at which the Fourier coefficients of an initial state are found; in more dimensions fewer in all."""


def evolved(
    equation: AbstractSemilinear,
    start: PointFunction,
    domain: Box,
    solver: ETDRK,
    modes: int,
    points: int = 512,
    frames: int = 201,
) -> Field:
    """The solution on a domain (x, ..., t) from ``start``, a function of space, at ``points`` points an axis and ``frames``
    times.

    Computed in float64 on a grid of ``modes`` points an axis, a multiple of ``points``, from the Fourier coefficients of the
    initial state; the first frame holds its true values.
    """
    with jax.enable_x64(True):
        space = Box(domain.axes[:-1])
        initial = ClosedForm(start, FunctionSpace(space, equation.names))
        finer = max(1, round(SAMPLES ** (1 / space.dim)) // modes)
        state = jax.jit(lambda: Fourier(space.grid(modes)).project(initial, finer))()
        times = np.linspace(domain.lower[-1], domain.upper[-1], frames).tolist()
        kept = (slice(None), *[slice(None, None, modes // points)] * space.dim)
        values = np.array(solver.solve(equation, state, times).field.values[kept])
        values[0] = initial.sample(space.grid(points)).values
    on = domain.grid(*[points] * space.dim, frames, layout=(*["periodic"] * space.dim, "nodes"))
    return Field(np.moveaxis(values, 0, -2), on, FunctionSpace(domain, equation.names))
