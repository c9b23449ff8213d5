"""Random sums of a few sine waves, the initial states of many one-dimensional benchmarks."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .discretization import AbstractDiscretization
from .field import Field
from .random_field import AbstractPrior
from .space import FunctionSpace

Range = tuple[float, float]
EDGE = 0.01  # width of the window's edges, relative to the length of the axis
PEAK_POINTS = 32  # an axis and wavenumber, on which the extremes of a function are found, to half a percent


class RandomWaves(AbstractPrior):
    """``sum over i of A_i prod_j sin(2 pi k_ij (x_j - a_j) / L_j + phi_ij)`` on a periodic box, ``waves`` terms.

    Whole wavenumbers uniform in ``wavenumbers`` (both ends included), amplitudes uniform in ``amplitudes``, phases
    uniform. ``change`` is the probability of each change that PDEBench makes to its one-dimensional states (Takamoto et
    al., NeurIPS 2022, appendix D): the absolute value, and a window outside of which u = 0; with it the sign is random.
    ``between`` scales and moves each function so that its values lie between two numbers.

    The defaults are PDEBench's. Those of the Kuramoto-Sivashinsky data of Lippe et al., "PDE-Refiner", NeurIPS 2023,
    are ``waves=10, wavenumbers=(1, 3), amplitudes=(-0.5, 0.5), change=0``.
    """

    space: FunctionSpace = eqx.field(static=True)
    waves: int = eqx.field(static=True, default=2)
    wavenumbers: tuple[int, int] = eqx.field(static=True, default=(1, 8))
    amplitudes: Range = eqx.field(static=True, default=(0.0, 1.0))
    change: float = eqx.field(static=True, default=0.1)
    between: Range | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        _check_periodic(self.space, "RandomWaves")

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One function; the same on every ``on`` for one key."""
        keys = jax.random.split(key, self.space.channels)
        u = jnp.stack([self._component(k, on.coords()) for k in keys], axis=-1)
        return Field(u, on, self.space)

    def _component(self, key, x) -> Float[Array, "*shape"]:
        key_waves, key_change = jax.random.split(key)
        value = lambda y: self._changed(key_change, y, self._sum(key_waves, y))
        u = value(x)
        if self.between is None:
            return u
        fine = value(_fine_points(self.space, self.wavenumbers[1]))
        low, high = self.between
        least, most = fine.min(), fine.max()
        return low + (high - low) * (u - least) / jnp.where(most > least, most - least, 1.0)

    def _sum(self, key, x) -> Float[Array, "*shape"]:
        key_k, key_a, key_phase = jax.random.split(key, 3)
        shape, (low, high) = (self.waves, self.space.dim), self.wavenumbers
        k = jax.random.randint(key_k, shape, low, high + 1)
        phase = jax.random.uniform(key_phase, shape, maxval=2 * jnp.pi)
        amplitude = jax.random.uniform(key_a, (self.waves,), minval=self.amplitudes[0], maxval=self.amplitudes[1])
        waves = jnp.sin(2 * jnp.pi * k * _relative(self.space, x)[..., None, :] + phase)
        return jnp.prod(waves, axis=-1) @ amplitude

    def _changed(self, key, x, u) -> Float[Array, "*shape"]:
        if self.change == 0:
            return u
        key_absolute, key_sign, key_window, key_low, key_high = jax.random.split(key, 5)
        u = jnp.where(jax.random.bernoulli(key_absolute, self.change), jnp.abs(u), u)
        u = u * jnp.where(jax.random.bernoulli(key_sign), 1.0, -1.0)
        low = jax.random.uniform(key_low, (self.space.dim,), minval=0.1, maxval=0.45)
        high = jax.random.uniform(key_high, (self.space.dim,), minval=0.55, maxval=0.9)
        y = _relative(self.space, x)
        window = jnp.prod(jnp.tanh((y - low) / EDGE) - jnp.tanh((y - high) / EDGE), axis=-1) / 2**self.space.dim
        return jnp.where(jax.random.bernoulli(key_window, self.change), u * window, u)


class RandomSeries(AbstractPrior):
    """Fourier series with ``modes`` wavenumbers an axis, coefficients uniform in (-1, 1), mean zero and largest value
    ``peak``: the initial states of APEBench (Koehler et al., NeurIPS 2024), whose defaults are five modes and one.
    """

    space: FunctionSpace = eqx.field(static=True)
    modes: int = eqx.field(static=True, default=5)
    peak: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        _check_periodic(self.space, "RandomSeries")

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One function; the same on every ``on`` for one key."""
        shape = (self.space.channels, *[2 * self.modes + 1] * self.space.dim)
        coefficients = jax.random.uniform(key, shape, minval=-1.0)
        coefficients = coefficients.at[(slice(None), *[0] * self.space.dim)].set(0.0)

        def value(x):
            total = coefficients
            flat = _relative(self.space, x).reshape(-1, self.space.dim)
            bases = [self._basis(flat[:, axis]) for axis in range(self.space.dim)]
            total = jnp.einsum("nk,ck...->nc...", bases[0], total)
            for basis in bases[1:]:
                total = jnp.einsum("nk,nck...->nc...", basis, total)
            return total.reshape(*x.shape[:-1], self.space.channels)

        largest = jnp.max(jnp.abs(value(_fine_points(self.space, self.modes))))
        return Field(self.peak / largest * value(on.coords()), on, self.space)

    def _basis(self, x: Float[Array, " n"]) -> Float[Array, "n k"]:
        """1, cos 1, ..., cos K, sin 1, ..., sin K."""
        k = 2 * jnp.pi * jnp.arange(1, self.modes + 1) * x[:, None]
        return jnp.concatenate([jnp.ones_like(x)[:, None], jnp.cos(k), jnp.sin(k)], axis=1)


def _check_periodic(space: FunctionSpace, name: str) -> None:
    if not all(space.domain.bounds.periodic):
        raise ArgumentError(
            f"{name} are periodic, the domain has the axes {space.domain.bounds.axes}; make them periodic, or draw "
            "from a GaussianField."
        )


def _relative(space: FunctionSpace, x: Float[Array, "*shape d"]) -> Float[Array, "*shape d"]:
    """Coordinates in the unit cube."""
    box = space.domain.bounds
    return (x - jnp.asarray(box.lower, x.dtype)) / jnp.asarray(box.extents, x.dtype)


def _fine_points(space: FunctionSpace, wavenumber: int) -> Float[Array, "n d"]:
    """Points dense enough to find the extremes of a function of these wavenumbers."""
    return space.domain.bounds.grid(PEAK_POINTS * wavenumber).coords().reshape(-1, space.dim)
