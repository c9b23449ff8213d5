"""Noise in space and time: Wiener processes with values in a function space."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import (
    AbstractCovariance,
    AbstractDiscretization,
    Axis,
    Box,
    Field,
    Free,
    FunctionSpace,
    Trajectory,
)
from neuralpde.spaces.karhunen_loeve import eigenvalues, synthesise
from neuralpde.spaces.series import Series, eigenfunctions, series_kind

Amplitude = Callable[[Field], Field] | Field | Float[Array, ""] | float
"""What multiplies noise: a number, a field point by point, or a function of the state that gives one."""

MARGIN = 2.0
"""Axes with free walls carry noise of a period so many times their length."""


class QWiener(eqx.Module):
    """``W(t) = sum_k sqrt(q_k) beta_k(t) e_k`` with independent Brownian motions beta_k, so that
    ``E W(t, x) W(s, y) = min(t, s) q(x, y)`` for the kernel q of the ``covariance``.

    The e_k are the L2-orthonormal eigenfunctions of the Laplacian under the conditions of ``space``, ``modes`` an axis,
    and q_k is the density of the covariance at their eigenvalue (`White`: noise white in space up to the last mode).
    Axes must be periodic, or both walls homogeneous Dirichlet or homogeneous Neumann; where both are free, W is the
    restriction of noise periodic over twice the axis. Da Prato & Zabczyk, "Stochastic Equations in Infinite
    Dimensions", section 4.1; Lord, Powell & Shardlow, "An Introduction to Computational Stochastic PDEs", section 10.2.

    The Brownian motions come first and their number is that of the modes, whatever the grid: along one path, a finer
    grid sees the same noise. Components of the space have independent noise. ``zero_mean`` leaves out the constant.

    Raises ``ValueError`` for a domain that is no box, and for other conditions on the walls.
    """

    space: FunctionSpace = eqx.field(static=True)
    covariance: AbstractCovariance = eqx.field(static=True)
    modes: int = eqx.field(static=True, default=32)
    zero_mean: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        noise_series(self.space, 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the Brownian motions, (*modes, channel)."""
        return (*(self.modes,) * self.space.dim, self.space.channels)

    def variances(self) -> Float[Array, "*modes"]:
        """q_k, the variance of the coefficient of the k-th orthonormal eigenfunction after one unit of time."""
        kappa2, _ = eigenvalues(noise_series(self.space, self.modes))
        q = self.covariance.density(kappa2, self.space.dim)
        return jnp.where(kappa2 == 0, 0.0, q) if self.zero_mean else q

    def field(self, beta: Float[Array, "*modes channel"], on: AbstractDiscretization) -> Field:
        """``sum_k sqrt(q_k) beta_k e_k`` at the points of a discretisation."""
        series = noise_series(self.space, self.modes)
        _, norm2 = eigenvalues(series)
        weights = jnp.sqrt(self.variances() / norm2).astype(beta.dtype)
        one = lambda b: synthesise(weights * b, on, series).astype(beta.dtype)
        return Field(jax.vmap(one, in_axes=-1, out_axes=-1)(beta), on, self.space)

    def factor(self, u: Field, amplitude: Amplitude = 1.0) -> lineax.FunctionLinearOperator:
        """The map from increments of the Brownian motions to ``amplitude dW`` where ``u`` lives: a diffusion of diffrax."""
        if callable(amplitude) and not isinstance(amplitude, Field):
            amplitude = amplitude(u)
        scale = amplitude.values if isinstance(amplitude, Field) else amplitude
        increments = jax.ShapeDtypeStruct(self.shape, u.values.dtype)
        return lineax.FunctionLinearOperator(
            lambda beta: Field(scale * self.field(beta, u.on).values, u.on, u.space), increments
        )

    def path(self, key: PRNGKeyArray, times: Float[Array, " time"], on: AbstractDiscretization) -> Trajectory:
        """W at increasing ``times``, of which the first is that of W = 0."""
        steps = jnp.sqrt(jnp.diff(times)).reshape(-1, *(1,) * len(self.shape))
        increments = steps * jax.random.normal(key, (len(times) - 1, *self.shape), times.dtype)
        beta = jnp.concatenate([jnp.zeros((1, *self.shape), times.dtype), jnp.cumsum(increments, axis=0)])
        return Trajectory(times, jax.vmap(lambda b: self.field(b, on))(beta))


def noise_series(space: FunctionSpace, modes: int) -> Sequence[Series]:
    """The eigenfunctions along each axis."""
    if not isinstance(space.domain, Box):
        raise ArgumentError(f"QWiener draws noise on boxes, the space lives on {space.domain}; give it a bounding box.")
    return [_axis_series(axis, sides, modes) for axis, sides in zip(space.domain.axes, space.boundary, strict=True)]


def _axis_series(axis: Axis, sides, modes: int) -> Series:
    if all(isinstance(side, Free) for side in sides):
        return eigenfunctions(Axis(axis.name, axis.lower, axis.lower + MARGIN * axis.length, True), "fourier", modes)
    kind = series_kind(axis, "cells", sides)
    if kind is None:
        raise ArgumentError(
            f"QWiener needs a periodic axis, homogeneous conditions of one kind on both walls, or free walls; axis "
            f"{axis.name!r} has {sides}. Give the noise a space of its own, such as that of the difference of two states."
        )
    return eigenfunctions(axis, kind, modes)
