"""Integration errors of collocation points, for the tests and for the table of orders."""

import jax
import jax.numpy as jnp
import numpy as np

from neuralpde.pinn import AbstractSampler, Halton, LatinHypercube, Lattice, Sobol, Uniform

DIM, REPETITIONS = 2, 256
EXACT_BUMP = (np.e - 1) ** DIM
PERIODIC_FACTOR = float(np.i0(1.0))


def smooth(x):
    """exp(x + y), not periodic; its integral is (e - 1)^2."""
    return jnp.exp(jnp.sum(x, axis=-1)) - EXACT_BUMP


def periodic(x):
    """exp(cos 2 pi x + cos 2 pi y), whose integral is I_0(1)^2."""
    return jnp.exp(jnp.sum(jnp.cos(2 * jnp.pi * x), axis=-1)) - PERIODIC_FACTOR**DIM


def additive(x):
    """A sum of functions of single coordinates, with integral zero."""
    return jnp.sum(jnp.exp(x) - (np.e - 1), axis=-1)


def errors(sampler: AbstractSampler, integrand, sizes: tuple[int, ...]) -> list[float]:
    """Root mean square over 256 randomisations of the error of the mean over n points."""

    def mean_square(keys, n):
        return jnp.mean(jax.vmap(lambda key: jnp.mean(integrand(sampler.unit(key, n, DIM))) ** 2)(keys))

    keys = jax.random.split(jax.random.key(11), REPETITIONS)
    return [float(jnp.sqrt(jax.jit(mean_square, static_argnums=1)(keys, n))) for n in sizes]


CASES = (
    (Uniform(), smooth, "1/2", (128, 1024)),
    (LatinHypercube(), additive, "3/2", (128, 1024)),
    (Halton(), smooth, "1", (128, 1024)),
    (Sobol(), smooth, "3/2", (128, 1024)),
    (Lattice(), periodic, "exponential", (32, 64)),
)


def sampling_rows() -> list[tuple[str, str, str, list[float]]]:
    """Rule, where, order and errors, each for twice as many points."""
    return [
        (
            type(sampler).__name__,
            f"{integrand.__name__} function of two coordinates",
            order,
            errors(sampler, integrand, n),
        )
        for sampler, integrand, order, n in (
            (sampler, integrand, order, tuple(sizes[0] * 2**k for k in range(3)))
            for sampler, integrand, order, sizes in CASES
        )
    ]
