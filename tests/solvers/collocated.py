"""Solutions of boundary value problems as functions that JAX differentiates, shared by the tests of flames."""

import jax.numpy as jnp
import numpy as np

from neuralpde.spaces.chebyshev import interpolation_matrix


def traced(found, state=lambda y: y):
    """The polynomials of a solution as a function of a point."""
    mesh, values = jnp.asarray(found.mesh), jnp.asarray(found.values)

    def at(x):
        e = jnp.clip(jnp.searchsorted(mesh, x[0], side="right") - 1, 0, len(values) - 1)
        unit = 2 * (x[0] - mesh[e]) / (mesh[e + 1] - mesh[e]) - 1
        return state((interpolation_matrix(values.shape[1], unit[None]) @ values[e])[0])

    return at


def middles(found, part=0.31):
    """A point of each element."""
    return jnp.asarray(found.mesh[:-1] + part * np.diff(found.mesh))[:, None]
