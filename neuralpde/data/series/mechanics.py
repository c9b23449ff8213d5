"""States and their rates of mechanical systems, of one shape for all: what learning across systems is made of."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neuralpde.data.dataset import DataError
from neuralpde.equations import AbstractODE, as_bodies
from neuralpde.solvers import solve_ode


class Motions(eqx.Module):
    """States (sample, body, 4) as rows (x, y, p_x, p_y) of bodies, zero where there is none, and their rates of change.

    used: which of the numbers belong to the system.
    """

    states: Float[Array | np.ndarray, "*sample body 4"]
    rates: Float[Array | np.ndarray, "*sample body 4"]
    used: Bool[Array | np.ndarray, "*task body 4"]

    @property
    def there(self) -> Bool[Array | np.ndarray, "*task body"]:
        """Which bodies there are."""
        return self.used[..., 0]


def motions(
    system: AbstractODE, trajectories: int = 64, points: int = 32, end: float = 10.0, bodies: int = 3, seed: int = 0
) -> Motions:
    """``points`` states of each of some trajectories from random initial states, at equal times up to ``end``.

    Solved to 1e-8, the rates by the system itself, whose state is [q, p]. Raises `DataError` where the system has more
    bodies, two degrees of freedom each, than there is room for.
    """
    size = len(system.names) // 2
    if size > 2 * bodies:
        raise DataError(
            f"{type(system).__name__} has {size} degrees of freedom, and there is room for {bodies} bodies."
        )
    times = tuple(np.linspace(0.0, end, points))
    precision = jnp.zeros(()).dtype

    def padded(y: Float[Array, " n"]) -> Float[Array, "body 4"]:
        rows = as_bodies(y)
        return jnp.pad(rows, ((0, bodies - len(rows)), (0, 0)))

    @jax.jit
    def run(starts):
        states = jax.lax.map(lambda y: solve_ode(system, y, times, rtol=1e-8, atol=1e-10), starts)
        states = states.reshape(-1, states.shape[-1])
        rates = jax.vmap(lambda y: system.vector_field(0.0, y))(states)
        return jax.vmap(padded)(states), jax.vmap(padded)(rates)

    with jax.enable_x64(True):
        made = jax.device_get(run(system.initial_states().sample(jax.random.key(seed), trajectories)))
        used = np.asarray(padded(jnp.ones(2 * size)) > 0)
    return Motions(*(part.astype(precision) for part in made), used)
