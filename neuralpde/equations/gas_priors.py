"""Random initial states of a gas: turbulent fields and few waves of a given Mach number, shock tubes.

After the compressible problems of PDEBench (Takamoto et al., NeurIPS 2022, appendix D).
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractDiscretization, AbstractPrior, Field, FunctionSpace, Grid, RandomWaves

from .euler import Euler

Range = tuple[float, float]


class TurbulentGas(AbstractPrior):
    """Sums of Fourier modes in every primitive variable, about a gas at rest with random density and temperature.

    Each variable has all modes with wavenumbers -modes..modes (none of them zero) on every axis, amplitudes
    |k|^(-1/2) and random phases. The velocity is scaled to a root mean square of ``mach`` times the speed of sound
    of the mean state; density and pressure deviate from their means by a random relative root mean square, cut off
    below a tenth of the mean. With probability ``window`` all deviations vanish outside a random box.

    ``space`` is periodic with the components of `Euler` in its number of dimensions. mach: of the flow.
    density, temperature, fluctuation: ranges of the uniform laws of mean density, mean p / rho and the deviations.
    """

    space: FunctionSpace = eqx.field(static=True)
    mach: float = 0.1
    gamma: float = 5 / 3
    modes: int = eqx.field(static=True, default=4)
    density: Range = eqx.field(static=True, default=(0.1, 10.0))
    temperature: Range = eqx.field(static=True, default=(0.1, 10.0))
    fluctuation: Range = eqx.field(static=True, default=(0.01, 0.2))
    window: float = 0.5

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One state, conserved; the same function on every ``on`` for one key."""
        waves, means, window = jax.random.split(key, 3)
        keys = jax.random.split(means, 4)
        density, temperature = _uniform(keys[0], self.density), _uniform(keys[1], self.temperature)
        of_density, of_pressure = _uniform(keys[2], self.fluctuation), _uniform(keys[3], self.fluctuation)

        rho, *velocity, p = jnp.moveaxis(self._waves(waves, on) * self._window(window, on)[..., None], -1, 0)
        speed = self.mach * jnp.sqrt(self.gamma * temperature / self.space.dim)
        w = [
            density * jnp.maximum(1 + of_density * rho, 0.1),
            *(speed * v for v in velocity),
            density * temperature * jnp.maximum(1 + of_pressure * p, 0.1),
        ]
        return Field(Euler(self.gamma, self.space.dim).conserved(jnp.stack(w, -1)), on, self.space)

    def _waves(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Float[Array, "*point c"]:
        """Random functions of mean square one, one a component."""
        dim, channels = self.space.dim, self.space.channels
        k = jnp.asarray([k for k in range(-self.modes, self.modes + 1) if k != 0])
        square = sum((k**2 for k in jnp.meshgrid(*[k] * dim, indexing="ij")), start=jnp.zeros(()))
        phases = jax.random.uniform(key, (*[len(k)] * dim, channels), maxval=2 * jnp.pi)
        z = square[..., None] ** -0.25 * jnp.exp(1j * phases)
        if isinstance(on, Grid):
            box = self.space.domain.bounds
            values = _sum([(on.axis_coords(i) - axis.lower) / axis.length for i, axis in enumerate(box.axes)], k, z)
        else:
            values = jax.vmap(lambda x: _sum(x[:, None], k, z).reshape(channels))(self._unit(on))
        # The modes k and -k are one wave of amplitude |z_k - conj(z_-k)|.
        axes = tuple(range(dim))
        return values / jnp.sqrt(jnp.sum(jnp.abs(z - jnp.conj(jnp.flip(z, axes))) ** 2, axes) / 4)

    def _window(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Float[Array, "*point"]:
        chosen, low, high = jax.random.split(key, 3)
        lower = jax.random.uniform(low, (self.space.dim,), minval=0.1, maxval=0.45)
        upper = jax.random.uniform(high, (self.space.dim,), minval=0.55, maxval=0.9)
        x, edge = self._unit(on), 0.01
        inside = (jnp.tanh((x - lower) / edge) - jnp.tanh((x - upper) / edge)) / 2
        return jnp.where(jax.random.bernoulli(chosen, self.window), jnp.prod(inside, -1), 1.0)

    def _unit(self, on: AbstractDiscretization) -> Float[Array, "*point d"]:
        """Coordinates in the unit cube."""
        box = self.space.domain.bounds
        return (on.coords() - jnp.asarray(box.lower)) / jnp.asarray(box.extents)


class WavyGas(AbstractPrior):
    """Few sine waves in every primitive variable, about a gas at rest with random density and temperature.

        density = rho (1 + f_1 w_1),  velocity_i = mach c w_i,  pressure = rho T (1 + f_2 w_2),  c = sqrt(gamma T),

    with functions w of `RandomWaves`: two waves with wavenumbers 1 to 8 and amplitudes up to one, with PDEBench's
    changes. Made after the one-dimensional random states of PDEBench; its files do not state a Mach number.

    ``space`` is periodic with the components of `Euler` in its number of dimensions. mach: of the flow.
    density, temperature, fluctuation: ranges of the uniform laws of rho, T and the deviations f, which stay below 1/2
    so that density and pressure are positive.
    """

    space: FunctionSpace = eqx.field(static=True)
    mach: float = 1.0
    gamma: float = 5 / 3
    density: Range = eqx.field(static=True, default=(0.1, 10.0))
    temperature: Range = eqx.field(static=True, default=(0.1, 10.0))
    fluctuation: Range = eqx.field(static=True, default=(0.01, 0.2))

    def __check_init__(self):
        if max(map(abs, self.fluctuation)) >= 0.5:
            raise ArgumentError(f"WavyGas: fluctuation={self.fluctuation} must stay below 1/2 in size.")

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One state, conserved; the same function on every ``on`` for one key."""
        waves, *keys = jax.random.split(key, 5)
        density, temperature = _uniform(keys[0], self.density), _uniform(keys[1], self.temperature)
        of_density, of_pressure = _uniform(keys[2], self.fluctuation), _uniform(keys[3], self.fluctuation)
        rho, *velocity, p = jnp.moveaxis(RandomWaves(self.space).sample(waves, on).values, -1, 0)
        speed = self.mach * jnp.sqrt(self.gamma * temperature)
        w = [density * (1 + of_density * rho), *(speed * v for v in velocity)]
        w.append(density * temperature * (1 + of_pressure * p))
        return Field(Euler(self.gamma, self.space.dim).conserved(jnp.stack(w, -1)), on, self.space)


class ShockTube(AbstractPrior):
    """A Riemann problem at random: two constant states, each variable uniform in its range, that meet at a plane
    normal to the first axis, at a place uniform in ``position`` (relative to the length of that axis).

    ``space`` has the components of `Euler` in its number of dimensions. The gas moves along the first axis.
    """

    space: FunctionSpace = eqx.field(static=True)
    gamma: float = 5 / 3
    density: Range = eqx.field(static=True, default=(0.1, 10.0))
    velocity: Range = eqx.field(static=True, default=(-1.0, 1.0))
    pressure: Range = eqx.field(static=True, default=(0.1, 10.0))
    position: Range = eqx.field(static=True, default=(0.25, 0.75))

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """One state, conserved; the same function on every ``on`` for one key."""
        keys = jax.random.split(key, 4)
        axis = self.space.domain.bounds.axes[0]
        left = on.coords()[..., 0] < axis.lower + _uniform(keys[0], self.position) * axis.length
        ranges = (self.density, self.velocity, self.pressure)
        rho, v, p = (jnp.where(left, *_uniform(k, r, (2,))) for k, r in zip(keys[1:], ranges, strict=True))
        across = [jnp.zeros_like(v)] * (self.space.dim - 1)
        return Field(Euler(self.gamma, self.space.dim).conserved(jnp.stack([rho, v, *across, p], -1)), on, self.space)


def _sum(lines, k: Array, z: Array) -> Float[Array, "*shape c"]:
    """Im sum over k of z_k exp(2 pi i k . x), axis by axis, for the coordinates along each in units of its length."""
    for axis, x in enumerate(lines):
        basis = jnp.exp(2j * jnp.pi * x[:, None] * k)
        z = jnp.moveaxis(jnp.tensordot(basis, z, axes=(1, axis)), 0, axis)
    return z.imag


def _uniform(key: PRNGKeyArray, between: Range, shape: tuple[int, ...] = ()) -> Float[Array, " ..."]:
    return jax.random.uniform(key, shape, minval=between[0], maxval=between[1])
