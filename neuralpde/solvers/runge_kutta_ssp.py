"""Strong stability preserving Runge-Kutta methods: convex combinations of explicit Euler steps.

Gottlieb, Shu, Tadmor, SIAM Review 43 (2001) 89, equations 4.1 and 4.2: whatever an Euler step keeps (positivity,
total variation, bounds), a whole step keeps.
"""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Array, Float

State = Float[Array, "*cell c"]

# Weight of the state at the start of the step in each stage's result; the Euler step from the last has the rest.
WEIGHTS = {1: (0.0,), 2: (0.0, 1 / 2), 3: (0.0, 3 / 4, 1 / 3)}


def ssp_step(tendency: Callable[[State], State], u: State, dt: Float[Array, ""], order: int) -> State:
    """One step of order 1, 2 or 3 for the autonomous system du/dt = tendency(u)."""
    stage = u
    for weight in WEIGHTS[order]:
        stage = weight * u + (1 - weight) * (stage + dt * tendency(stage))
    return stage
