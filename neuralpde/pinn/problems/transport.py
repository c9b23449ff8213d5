"""Transport on a circle, seen from where it passes, from a frame that moves along, or by the particles themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, Advection, Burgers
from neuralpde.equations.derivatives import gradient, laplacian, rate
from neuralpde.errors import ArgumentError
from neuralpde.pinn.conditions import Initial, Interior
from neuralpde.pinn.constraints import Begins
from neuralpde.pinn.lagrangian import Carried, Characteristics, Eulerian, Ordered, particles
from neuralpde.pinn.problem import Problem
from neuralpde.solvers import ETDRK
from neuralpde.spaces import AbstractFunction, Box, ClosedForm, Field, FunctionSpace

from .evolved import evolved
from .statement import zero_walls

FRAMES = ("fixed", "moving", "particles")
CIRCLE = Box.of(periodic=("x",), x=(0.0, 2 * math.pi), t=(0.0, 1.0))


def convection(speed: float = 50.0, hard: bool = True, frame: str = "fixed") -> Problem:
    """u_t + beta u_x = 0 on [0, 2 pi] x [0, 1], periodic in x, u(x, 0) = sin(x): u = sin(x - beta t).

    Krishnapriyan, Gholami, Zhe, Kirby & Mahoney, NeurIPS 2021, whose plain networks fail from beta = 30 on: relative L2
    error 1.1. For beta = 100, 6.9e-4 (jaxpi: modified MLP with a trained period in time).

    frame: ``fixed``, u of place and time; ``moving``, u = N(x - beta t, t), which leaves nothing to be found; ``particles``,
    their places and states (Mojgani, Balajewicz & Hassanzadeh, CMAME 404 (2023) 115810), see `neuralpde.pinn.lagrangian`.
    Raises ``ValueError`` for another frame.
    """
    equation = Advection((speed,))
    reference = equation.exact(CIRCLE, jnp.sin)
    return _seen(frame, equation, lambda t, x, w: jnp.asarray(speed, x.dtype), 0.0, speed, _sine, reference, hard)


def convection_diffusion(
    speed: float = 30.0, viscosity: float = 0.01, hard: bool = True, frame: str = "fixed"
) -> Problem:
    """u_t + c u_x = nu u_xx on [0, 2 pi] x [0, 1], periodic in x, u(x, 0) = sin(x): u = exp(-nu t) sin(x - c t).

    Mojgani, Balajewicz & Hassanzadeh, CMAME 404 (2023) 115810. The frames are those of `convection`.
    """
    reference = ClosedForm(lambda x: jnp.exp(-viscosity * x[1]) * jnp.sin(x[:1] - speed * x[1]), FunctionSpace(CIRCLE))

    def law(u: Any, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        """u_t + c u_x - nu u_xx"""
        return rate(u)(x) + speed * gradient(u)(x)[0] - viscosity * laplacian(u)(x)

    return _seen(frame, law, lambda t, x, w: jnp.asarray(speed, x.dtype), viscosity, speed, _sine, reference, hard)


def moving_shock(drift: float = 10.0, viscosity: float = 0.01, hard: bool = True, frame: str = "fixed") -> Problem:
    """u_t + u u_x = nu u_xx on [0, 2 pi] x [0, 1], periodic in x, u(x, 0) = C + sin(x): a front that steepens as it moves.

    Mojgani, Balajewicz & Hassanzadeh, CMAME 404 (2023) 115810; plain networks fail as C = ``drift`` grows. Reference: the
    front at rest by ETDRK4 with 1024 modes, within 1e-12, carried along. The frames are those of `convection`; the moving
    one has the velocity C.
    """
    start = lambda x: drift + jnp.sin(x[0])
    return _seen(frame, Burgers(viscosity), lambda t, x, w: w, viscosity, drift, start, shock(drift, viscosity), hard)


def shock(drift: float, viscosity: float, modes: int = 1024, step: float = 1e-3, keep: int = 8) -> Field:
    """The solution of `moving_shock`: C more than the front at rest at x - C t, at every ``keep``-th point of ``modes``."""
    still = evolved(Burgers(viscosity), lambda x: jnp.sin(x), CIRCLE, ETDRK(step), modes, points=modes, frames=51)
    times, k = np.linspace(0, 1, still.on.shape[1]), np.arange(modes // 2 + 1)
    spectrum = np.fft.rfft(still.values[..., 0], axis=0) * np.exp(-1j * drift * np.outer(k, times))
    values = drift + np.fft.irfft(spectrum, modes, axis=0)[::keep, :, None]
    return Field(values, CIRCLE.grid(modes // keep, len(times), layout=("periodic", "nodes")), still.space)


def _sine(x: Float[Array, " d"]) -> Float[Array, ""]:
    return jnp.sin(x[0])


def _seen(
    frame: str,
    law: AbstractEquation | Callable[..., Array],
    speed: Callable[..., Array],
    diffusivity: float,
    velocity: float,
    start: Callable[..., Array],
    reference: AbstractFunction,
    hard: bool,
) -> Problem:
    """``u_t + speed(t, x, u) u_x = diffusivity u_xx`` from ``start``, in one of the `FRAMES`."""
    if frame not in FRAMES:
        raise ArgumentError(f"The frame of transport is one of {', '.join(FRAMES)}, got {frame!r}.")
    if frame == "particles":
        begin = particles(start)
        stated: dict[str, Any] = {"ansatz": Begins(begin)} if hard else {}
        conditions = [Interior(Ordered(), name="order"), *([] if hard else [Initial(begin)])]
        equation = Characteristics(speed, diffusivity)
        readout = lambda u: Eulerian(u, reference.space)
        return Problem(CIRCLE, equation, conditions, reference, readout=readout, **stated)
    stated = zero_walls(CIRCLE, hard, start)
    if frame == "moving":
        form = stated.get("ansatz", lambda u: u)
        stated["ansatz"] = lambda u: Carried(form(u), (velocity,))
    return Problem(CIRCLE, law, reference=reference, **stated)
