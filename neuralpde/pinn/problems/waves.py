"""Standing waves of the wave equation, of second order in time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import PointFunction
from neuralpde.equations.derivatives import partial
from neuralpde.pinn.problem import Problem
from neuralpde.spaces import Box, ClosedForm, FunctionSpace

from .statement import zero_walls


def wave(speed: float = 2.0, hard: bool = True) -> Problem:
    """u_tt = c^2 u_xx on [0, 1]^2, zero walls, u(x, 0) = sin(pi x) + sin(4 pi x) / 2 and at rest:

    u = sin(pi x) cos(c pi t) + sin(4 pi x) cos(4 c pi t) / 2. Wave1d-C of PINNacle (Hao et al., NeurIPS 2024 Datasets and
    Benchmarks). Published relative L2 error: 9.8e-2 (NTK weights).
    """
    domain = Box.of(x=(0.0, 1.0), t=(0.0, 1.0))
    return _standing(domain, (speed,), {(1,): 1.0, (4,): 0.5}, hard)


def wave_2d_multiscale(end: float = 100.0, hard: bool = True) -> Problem:
    """u_tt = u_xx + 2 u_yy on the unit square for times up to ``end``, zero walls, at rest at t = 0:

    u = sin(pi x) sin(pi y) cos(sqrt(3) pi t) + sin(3 pi x) sin(2 pi y) cos(sqrt(17) pi t). In the place of Wave2d-MS of
    PINNacle, with its equation and time; what that one is scored against, sin(pi x) sinh(pi y) cos(pi t) + ..., does not
    solve the equation, so that its errors (9.8e-1 at best) say nothing.
    """
    domain = Box.of(x=(0.0, 1.0), y=(0.0, 1.0), t=(0.0, end))
    return _standing(domain, (1.0, math.sqrt(2)), {(1, 1): 1.0, (3, 2): 1.0}, hard)


def _standing(domain: Box, speeds: Sequence[float], modes: dict[tuple[int, ...], float], hard: bool) -> Problem:
    """``sum_m amplitude_m cos(w_m t) prod_i sin(m_i pi x_i)`` with w_m = pi |(c_i m_i)| solves u_tt = sum_i c_i^2 u_ii."""

    def law(u: PointFunction, x: Float[Array, " d"]) -> Float[Array, " 1"]:
        pull = sum(c**2 * partial(u, axis, 2)(x) for axis, c in enumerate(speeds))
        return partial(u, -1, 2)(x) - pull

    def shape(mode: tuple[int, ...], x: Float[Array, " d"]) -> Float[Array, ""]:
        return math.prod(jnp.sin(m * jnp.pi * x[i]) for i, m in enumerate(mode))

    def start(x: Float[Array, " d"]) -> Float[Array, ""]:
        return sum(amplitude * shape(mode, x) for mode, amplitude in modes.items())

    def exact(x: Float[Array, " d"]) -> Float[Array, " 1"]:
        total = jnp.zeros(1, x.dtype)
        for mode, amplitude in modes.items():
            frequency = math.pi * math.hypot(*(c * m for c, m in zip(speeds, mode, strict=True)))
            total = total + amplitude * shape(mode, x) * jnp.cos(frequency * x[-1:])
        return total

    reference = ClosedForm(exact, FunctionSpace(domain))
    return Problem(domain, law, reference=reference, **zero_walls(domain, hard, start, 0.0))
