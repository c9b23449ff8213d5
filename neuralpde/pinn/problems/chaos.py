"""Chaos, which is followed for as long as a small error stays small: Lorenz' convection and flame fronts."""

from __future__ import annotations

import math

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.equations import KuramotoSivashinsky, Lorenz63
from neuralpde.pinn.conditions import Initial
from neuralpde.pinn.constraints import Begins
from neuralpde.pinn.problem import Problem
from neuralpde.solvers import ETDRK, solve_ode
from neuralpde.spaces import Box, Field, FunctionSpace

from .evolved import evolved
from .statement import zero_walls

BEGIN = (1.0, 1.0, 1.0)
FRAMES_PER_TIME = 100


def lorenz(end: float = 20.0, hard: bool = True) -> Problem:
    """x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8/3 z from (1, 1, 1), for t in [0, ``end``].

    Wang, Sankaran & Perdikaris, CMAME 421 (2024) 116813, in windows of 0.5 with causal weights. Published relative L2
    errors: 1.1e-2, 1.7e-2 and 7.0e-3 for x, y and z. Reference: the method of Dormand and Prince of order 8 to a relative
    tolerance of 1e-13; with 1e-14 the states differ by 4e-10 at t = 20, as an error grows like exp(0.9 t).
    """
    equation = Lorenz63()
    domain = Box.of(t=(0.0, end))
    frames = round(FRAMES_PER_TIME * end) + 1
    space = FunctionSpace(domain, equation.names)
    reference = Field(trajectory(equation, np.linspace(0.0, end, frames)), domain.grid(frames, layout="nodes"), space)
    if hard:
        return Problem(domain, equation, reference=reference, ansatz=Begins(BEGIN))
    return Problem(domain, equation, [Initial(BEGIN)], reference)


def trajectory(equation: Lorenz63, times: np.ndarray, tolerance: float = 1e-13) -> np.ndarray:
    """States from (1, 1, 1) in float64."""
    with jax.enable_x64(True):
        solve = lambda: solve_ode(
            equation,
            jnp.asarray(BEGIN),
            times.tolist(),
            solver=diffrax.Dopri8(),
            rtol=tolerance,
            atol=tolerance,
        )
        return np.asarray(jax.jit(solve)())


def kuramoto_sivashinsky(chaotic: bool = True, hard: bool = True) -> Problem:
    """u_t + a u u_x + b u_xx + c u_xxxx = 0, periodic, for t in [0, 1], at two settings of its three numbers.

    chaotic: (a, b, c) = (100 / 16, 100 / 16^2, 100 / 16^4) on [0, 2 pi] from cos(x) (1 + sin(x)), KS of PINNacle (Hao et
    al., NeurIPS 2024 Datasets and Benchmarks), where no periodicity is asked for. Published relative L2 errors: 3.9e-2
    (PirateNet, SOAP), 1.6e-1 (jaxpi, ten windows), 9.6e-1 (PINNacle). Otherwise (5, 0.5, 0.005) on [-1, 1] from
    -sin(pi x): 3.5e-4 (causal weights: Wang, Sankaran & Perdikaris, CMAME 421 (2024) 116813), 4.2e-2 for others who ran
    its program. Reference: ETDRK4 with 512 modes, within 1e-7.
    """
    side = (0.0, 2 * math.pi) if chaotic else (-1.0, 1.0)
    domain = Box.of(periodic=("x",), x=side, t=(0.0, 1.0))
    equation = (
        KuramotoSivashinsky(100 / 16, 100 / 16**2, 100 / 16**4) if chaotic else KuramotoSivashinsky(5, 0.5, 0.005)
    )
    start = (lambda x: jnp.cos(x) * (1 + jnp.sin(x))) if chaotic else (lambda x: -jnp.sin(jnp.pi * x))
    solver = ETDRK(5e-5 if chaotic else 2.5e-4)
    reference = evolved(equation, start, domain, solver, modes=512, points=256, frames=101)
    return Problem(domain, equation, reference=reference, **zero_walls(domain, hard, lambda x: start(x[:1])))
