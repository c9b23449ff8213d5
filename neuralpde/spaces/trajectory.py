"""Functions of time, and the samples that datasets are made of."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError

from .field import Field
from .norms import relative_l2


class Trajectory(eqx.Module):
    """A function of time: ``field`` holds its states along a leading time axis, at increasing ``times``."""

    times: Float[Array, " time"]
    field: Field

    def __len__(self) -> int:
        return self.times.shape[-1]

    def at(self, time: Float[Array, ""]) -> Field:
        """The state at a time, linear between the stored ones; the first or last beyond them."""
        after = jnp.clip(jnp.searchsorted(self.times, time), 1, len(self) - 1)
        t0, t1 = self.times[after - 1], self.times[after]
        w = jnp.clip((time - t0) / (t1 - t0), 0, 1)
        return jax.tree.map(lambda v: (1 - w) * v[after - 1] + w * v[after], self.field)

    def windows(self, length: int, stride: int = 1) -> Trajectory:
        """All stretches of ``length`` states, ``stride`` apart, stacked along a new leading axis.

        Raises ``ValueError`` where the trajectory is shorter than one window.
        """
        if not 1 <= length <= len(self):
            raise ArgumentError(f"Trajectory.windows: length={length} does not fit {len(self)} states.")
        index = jnp.arange(0, len(self) - length + 1, stride)[:, None] + jnp.arange(length)
        return jax.tree.map(lambda a: a[index], self)

    def error(self, truth: Trajectory, metric=relative_l2) -> Float[Array, " time"]:
        """Error of each state against another trajectory at the same times."""
        return jax.vmap(metric)(self.field, truth.field)


class Sample(eqx.Module):
    """One example: what goes in, what should come out, and the parameters of its problem."""

    inputs: Field | Trajectory
    targets: Field | Trajectory
    parameters: dict[str, Array] = eqx.field(default_factory=dict)
