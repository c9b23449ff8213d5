"""Stochastic differential equations through diffrax, in steps of a given length along a Brownian path."""

from __future__ import annotations

from collections.abc import Sequence

import diffrax
import jax.numpy as jnp
import lineax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations import AbstractSDE

from .times import checked_times


def brownian_path(
    key: PRNGKeyArray, components: int, times: Sequence[float] | np.ndarray, tolerance: float
) -> diffrax.VirtualBrownianTree:
    """A Brownian motion over the interval of ``times``, resolved to a difference of times ``tolerance``.

    One key gives one path: solutions along it with different steps can be compared.
    """
    return diffrax.VirtualBrownianTree(times[0], times[-1], tolerance, (components,), key)


def solve_sde(
    equation: AbstractSDE,
    initial: Float[Array, " c"],
    times: Sequence[float] | np.ndarray,
    path: diffrax.AbstractBrownianPath,
    *,
    step: float,
    solver: diffrax.AbstractSolver = diffrax.Euler(),
) -> Float[Array, "time c"]:
    """States at ``times`` (increasing numbers) along a path, the first of which is ``initial``.

    Intervals between times are divided evenly into steps of at most ``step``. The solver must be one for Ito's
    integral: Euler-Maruyama by default, ``diffrax.ItoMilstein()`` for strong order one. Paths are batched by ``vmap``
    over keys. Raises ``ValueError`` for times that do not increase.
    """
    wanted = checked_times(times)
    if len(wanted) == 1:
        return initial[None]
    parts = np.ceil(np.diff(wanted) / step - 1e-6).astype(int)
    inner = [np.linspace(a, b, n + 1)[1:] for a, b, n in zip(wanted, wanted[1:], parts, strict=False)]
    steps = np.concatenate([wanted[:1], *inner])
    diffusion = lambda t, y, args: lineax.DiagonalLinearOperator(equation.diffusion(t, y))
    return diffrax.diffeqsolve(
        diffrax.MultiTerm(diffrax.ODETerm(equation.drift), diffrax.ControlTerm(diffusion, path)),
        solver,
        steps[0],
        steps[-1],
        dt0=None,
        y0=initial,
        saveat=diffrax.SaveAt(ts=jnp.asarray(wanted, initial.dtype)),
        stepsize_controller=diffrax.StepTo(jnp.asarray(steps, initial.dtype)),
        max_steps=len(steps),
    ).ys
