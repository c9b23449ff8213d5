"""Vortices on a torus."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import Vorticity
from neuralpde.pinn.conditions import Initial
from neuralpde.pinn.constraints import Begins
from neuralpde.pinn.problem import Problem
from neuralpde.pinn.term import Component
from neuralpde.solvers import ETDRK
from neuralpde.spaces import Box

from .evolved import evolved

WAVES = ((1.0, (1, 1), 0.0), (1.5, (2, -1), 1.0), (1.0, (1, 3), 2.0))
"""Amplitude, wave vector and phase of the parts of the initial vorticity."""


def vortices(reynolds: float = 100.0, end: float = 1.0, hard: bool = True) -> Problem:
    """w_t + u . grad w = Laplace(w) / Re, u = (psi_y, -psi_x), -Laplace(psi) = w on the torus [0, 2 pi]^2 for t in [0, end],

    from three waves of different lengths. Of the kind of the Navier-Stokes problem of Wang, Sankaran & Perdikaris, CMAME
    421 (2024) 116813, whose random initial state is not told; published relative L2 error of w there: 4e-2. Components w
    and psi; the reference, ETDRK4 with 192 modes an axis within 1e-12, is that of w, as a constant may be added to psi.
    """
    domain = Box.of(periodic=("x", "y"), x=(0.0, 2 * math.pi), y=(0.0, 2 * math.pi), t=(0.0, end))
    equation = Vorticity(1 / reynolds)
    vorticity = lambda x: start(x)[:1]
    reference = evolved(equation, vorticity, domain, ETDRK(5e-3), modes=192, points=32, frames=21)
    stated: dict[str, Any] = {"ansatz": Begins(start)} if hard else {"conditions": [Initial(start)]}
    readout = lambda u: Component(u, (0,))
    return Problem(domain, equation, reference=reference, names=("w", "psi"), readout=readout, **stated)


def start(x: Float[Array, " d"]) -> Float[Array, " 2"]:
    """The initial w, and psi, in which every wave is divided by |k|^2."""
    waves = [amplitude * jnp.cos(k[0] * x[0] + k[1] * x[1] + phase) for amplitude, k, phase in WAVES]
    return jnp.stack(
        [sum(waves), sum(wave / (k[0] ** 2 + k[1] ** 2) for wave, (_, k, _) in zip(waves, WAVES, strict=True))]
    )
