"""Gaussian random fields: priors over functions, the same function at every resolution for one key."""

# Annotations are not postponed in this file: equinox recognises AbstractVar as an object, not in a string.
import abc
import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError

from .boundary import Dirichlet, Neumann
from .box import Box
from .discretization import AbstractDiscretization
from .field import Field
from .karhunen_loeve import eigenvalues, synthesise
from .series import Series, eigenfunctions, series_kind
from .space import FunctionSpace


class AbstractPrior(eqx.Module):
    """A distribution over functions of ``space``."""

    space: eqx.AbstractVar[FunctionSpace]

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        """Draw one function and sample it on a discretisation."""


class AbstractCovariance(abc.ABC):
    """A stationary covariance, known through its spectral density in the Laplacian's eigenvalues."""

    @abc.abstractmethod
    def density(self, kappa2: Float[Array, "*k"], dim: int) -> Float[Array, "*k"]:
        """Variance of the coefficient of an L2-orthonormal eigenfunction with -Laplace eigenvalue ``kappa2``."""

    def frequencies(self, key: PRNGKeyArray, count: int, dim: int) -> Float[Array, "count d"]:
        """Angular frequencies drawn from the normalised density; ``ValueError`` where it has no finite mass."""
        raise ArgumentError(
            f"{self} has no samples on free boundaries: give every axis periodic, Dirichlet or Neumann conditions."
        )


@dataclasses.dataclass(frozen=True)
class PowerLaplace(AbstractCovariance):
    """sigma^2 (-Laplace + tau^2)^-alpha, the usual prior of operator-learning benchmarks."""

    alpha: float = 2.0
    tau: float = 3.0
    sigma: float = 1.0

    def density(self, kappa2, dim):
        return self.sigma**2 * (kappa2 + self.tau**2) ** -self.alpha


@dataclasses.dataclass(frozen=True)
class White(AbstractCovariance):
    """sigma^2 times the identity: white noise in space, as far as the modes go. A field of it has no pointwise variance
    in the limit of many modes; what it drives may have.
    """

    sigma: float = 1.0

    def density(self, kappa2, dim):
        return jnp.full_like(kappa2, self.sigma**2)


@dataclasses.dataclass(frozen=True)
class Matern(AbstractCovariance):
    """Matern covariance of smoothness nu, correlation length ``length`` and pointwise variance sigma^2.

    Away from walls; near a wall the boundary condition changes the variance. Rasmussen & Williams, equation 4.15.
    """

    nu: float = 1.5
    length: float = 0.2
    sigma: float = 1.0

    def density(self, kappa2, dim):
        rate = 2 * self.nu / self.length**2
        scale = math.exp(math.lgamma(self.nu + dim / 2) - math.lgamma(self.nu)) * (4 * math.pi) ** (dim / 2)
        return self.sigma**2 * scale * rate**self.nu * (rate + kappa2) ** -(self.nu + dim / 2)

    def frequencies(self, key, count, dim):
        # The density is a multivariate t distribution with 2 nu degrees of freedom.
        key_normal, key_gamma = jax.random.split(key)
        normal = jax.random.normal(key_normal, (count, dim))
        gamma = jax.random.gamma(key_gamma, self.nu, (count, 1))
        return normal * jnp.sqrt(self.nu / gamma) / self.length


@dataclasses.dataclass(frozen=True)
class SquaredExponential(AbstractCovariance):
    """sigma^2 exp(-|x - y|^2 / (2 length^2)): the radial basis function kernel."""

    length: float = 0.2
    sigma: float = 1.0

    def density(self, kappa2, dim):
        scale = (math.sqrt(2 * math.pi) * self.length) ** dim
        return self.sigma**2 * scale * jnp.exp(-0.5 * self.length**2 * kappa2)

    def frequencies(self, key, count, dim):
        return jax.random.normal(key, (count, dim)) / self.length


class GaussianField(AbstractPrior):
    """A centred Gaussian field with a given covariance under the boundary conditions of its space.

    Where every axis of a box is periodic, homogeneous Dirichlet or homogeneous Neumann, a draw is its
    Karhunen-Loeve sum over ``modes`` eigenfunctions of the Laplacian an axis; ``zero_mean`` leaves out the
    constant one, as the Darcy and Navier-Stokes benchmarks do. Elsewhere (free walls, other shapes) it is a sum of
    ``modes**2`` random Fourier features: its covariance is exact, its law Gaussian in the limit of many modes.

    The coefficients are drawn first and their number does not depend on the grid, so one key gives one function.
    """

    space: FunctionSpace = eqx.field(static=True)
    covariance: AbstractCovariance = eqx.field(static=True)
    modes: int = eqx.field(static=True, default=64)
    zero_mean: bool = eqx.field(static=True, default=False)

    def sample(self, key: PRNGKeyArray, on: AbstractDiscretization) -> Field:
        series = self._series()
        draw = self._features if series is None else lambda k, o: self._karhunen_loeve(k, o, series)
        keys = jax.random.split(key, self.space.channels)
        return Field(jnp.stack([draw(k, on) for k in keys], axis=-1), on, self.space)

    def _series(self) -> list[Series] | None:
        domain = self.space.domain
        if not isinstance(domain, Box):
            return None
        kinds = [
            series_kind(axis, "cells", sides) for axis, sides in zip(domain.axes, self.space.boundary, strict=True)
        ]
        if any(kind is None for kind in kinds):
            if any(isinstance(side, Dirichlet | Neumann) for sides in self.space.boundary for side in sides):
                raise ArgumentError(
                    "GaussianField needs homogeneous conditions of one kind on both walls of an axis, or free walls; "
                    f"got {self.space.boundary}."
                )
            return None
        return [eigenfunctions(axis, kind, self.modes) for axis, kind in zip(domain.axes, kinds, strict=True)]

    def _karhunen_loeve(self, key, on, series: list[Series]) -> Float[Array, "*shape"]:
        kappa2, norm2 = eigenvalues(series)
        variance = self.covariance.density(kappa2, len(series)) / norm2
        if self.zero_mean:
            variance = jnp.where(kappa2 == 0, 0.0, variance)
        return synthesise(jnp.sqrt(variance) * jax.random.normal(key, variance.shape), on, series)

    def _features(self, key, on) -> Float[Array, "*shape"]:
        count, dim = self.modes**2, self.space.dim
        key_frequency, key_phase = jax.random.split(key)
        frequency = self.covariance.frequencies(key_frequency, count, dim)
        phase = jax.random.uniform(key_phase, (count,), maxval=2 * jnp.pi)
        wave = jnp.cos(on.coords() @ frequency.T + phase)
        return self.covariance.sigma * math.sqrt(2 / count) * wave.sum(-1)
