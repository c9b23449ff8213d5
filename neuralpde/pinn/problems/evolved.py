"""References by Fourier series and exponential time steps, for equations on a periodic interval."""

from __future__ import annotations

import jax
import numpy as np

from neuralpde.equations import PointFunction
from neuralpde.equations.semilinear import AbstractSemilinear
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box, ClosedForm, Field, Fourier, FunctionSpace

SAMPLES = 2**16
"""Points at which the Fourier coefficients of an initial state are found."""


def evolved(
    equation: AbstractSemilinear,
    start: PointFunction,
    domain: Box,
    solver: ETDRK,
    modes: int,
    points: int = 512,
    frames: int = 201,
) -> Field:
    """The solution on a domain (x, t) from ``start``, a function of x, at ``points`` points and ``frames`` times.

    Computed in float64 on a grid of ``modes`` points, a multiple of ``points``, from the Fourier coefficients of the
    initial state; the first frame holds its true values.
    """
    with jax.enable_x64(True):
        line = Box(domain.axes[:1])
        initial = ClosedForm(start, FunctionSpace(line, equation.names))
        state = jax.jit(lambda: Fourier(line.grid(modes)).project(initial, SAMPLES // modes))()
        times = np.linspace(domain.lower[1], domain.upper[1], frames).tolist()
        states = solver.solve(equation, state, times).field.values[:, :: modes // points]
        values = np.array(states)
        values[0] = initial.sample(line.grid(points)).values
    on = domain.grid(points, frames, layout=("periodic", "nodes"))
    return Field(np.moveaxis(values, 0, 1), on, FunctionSpace(domain, equation.names))
