"""Fields: functions sampled on a discretisation. The one type that datasets, operators and solvers exchange."""

from __future__ import annotations

import operator
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from neuralpde.errors import ArgumentError

from .calculus import Method, differentiate
from .discretization import AbstractDiscretization
from .function import AbstractFunction
from .grid import Grid
from .interpolation import from_points, to_grid, to_points
from .points import Points
from .space import FunctionSpace


class Field(AbstractFunction):
    """Samples of a function: values of shape ``on.shape + (channels,)``, for ONE function.

    On a `Grid` a field has exactly one array leaf, so it is a state for ``lax.scan`` or diffrax and an argument
    for ``vmap`` like any array. Its shape is checked where it is constructed and nowhere else: `Field.stack` holds
    many functions with leading axes, as ``vmap`` does.
    """

    values: Inexact[Array, "*grid channel"]
    on: AbstractDiscretization
    space: FunctionSpace = eqx.field(static=True)

    def __init__(self, values, on: AbstractDiscretization, space: FunctionSpace):
        values = jnp.asarray(values)
        if not jnp.issubdtype(values.dtype, jnp.inexact):
            values = values.astype(float)
        expected = (*on.shape, space.channels)
        if values.shape != expected:
            raise ArgumentError(
                f"Field of {space.names} expects values of shape {expected} (grid, then channels), "
                f"got {values.shape}; for many functions use Field.stack."
            )
        if on.domain != space.domain:
            raise ArgumentError(f"Field: the discretisation lives on {on.domain}, the space on {space.domain}.")
        self.values, self.on, self.space = values, on, space

    @classmethod
    def stack(cls, values, on: AbstractDiscretization, space: FunctionSpace) -> Field:
        """Many functions on one discretisation: values of shape (sample, *grid, channel)."""
        return jax.vmap(lambda v: cls(v, on, space))(jnp.asarray(values))

    def with_values(self, values: Inexact[Array, "*grid channel"]) -> Field:
        """The same place and space with other values."""
        return Field(values, self.on, self.space)

    def map(self, f: Callable[[Array], Array], names: tuple[str, ...] | None = None) -> Field:
        """Apply ``f`` to the values, point by point; conditions on walls are forgotten."""
        return Field(f(self.values), self.on, self.space.free(names))

    # Values elsewhere

    def __call__(self, x: Float[Array, " d"]) -> Inexact[Array, " c"]:
        """Value at one point, interpolated as `at` does."""
        return self.at(x[None])[0]

    def at(self, x: Float[Array, "m d"], method: str | None = None) -> Inexact[Array, "m c"]:
        """Values at points of the domain.

        On a grid each axis uses its series (Fourier, sine, cosine, Chebyshev) where its conditions allow one, else
        ``cubic``; ``method`` asks for ``spectral``, ``cubic``, ``linear`` or ``nearest`` on all axes. On scattered
        points it is a moving least squares fit, exact on linear functions.
        """
        if isinstance(self.on, Grid):
            return to_points(self.values, self.on, self.space, x, method)
        return from_points(self.values, self.on, x)

    def resample(self, on: AbstractDiscretization, method: str | None = None) -> Field:
        """The same function on another discretisation of its domain; `at` describes the methods."""
        if on is self.on or (isinstance(on, Grid) and on == self.on):
            return self
        if on.domain != self.on.domain:
            raise ArgumentError(f"Field.resample keeps the domain {self.on.domain}, got a grid on {on.domain}.")
        if isinstance(self.on, Grid) and isinstance(on, Grid):
            return Field(to_grid(self.values, self.on, self.space, on, method), on, self.space)
        values = self.at(on.coords().reshape(-1, self.space.dim), method)
        return Field(values.reshape(*on.shape, -1), on, self.space)

    # Calculus

    def diff(self, axis: int, order: int = 1, method: Method = None) -> Field:
        """Derivative of the given order along one axis, in the domain's units; see `differentiate`."""
        if not isinstance(self.on, Grid):
            raise ArgumentError("Derivatives along axes need a grid: resample the field to one first.")
        return self._free(differentiate(self.values, self.on, axis, self.space, order, method))

    def grad(self, method: Method = None) -> Field:
        """Gradient: components ``u_x, u_y, ...``, for each channel in turn."""
        parts = [self.diff(axis, 1, method).values for axis in range(self.space.dim)]
        names = tuple(f"{name}_{axis}" for name in self.space.names for axis in self.space.domain.names)
        return self._free(jnp.stack(parts, axis=-1).reshape(*self.on.shape, -1), names)

    def div(self, method: Method = None) -> Field:
        """Divergence of a vector field with one component an axis."""
        self._check_vector("div")
        parts = jnp.stack([self._component(axis, axis, method) for axis in range(self.space.dim)])
        return self._free(parts.sum(0)[..., None], ("div",))

    def curl(self, method: Method = None) -> Field:
        """Curl of a vector field: a scalar in two dimensions, a vector in three."""
        self._check_vector("curl")
        d = lambda component, axis: self._component(component, axis, method)
        if self.space.dim == 2:
            return self._free((d(1, 0) - d(0, 1))[..., None], ("curl",))
        if self.space.dim != 3:
            raise ArgumentError(f"Field.curl is defined in two and three dimensions, not in {self.space.dim}.")
        parts = [d(2, 1) - d(1, 2), d(0, 2) - d(2, 0), d(1, 0) - d(0, 1)]
        return self._free(jnp.stack(parts, axis=-1), tuple(f"curl_{a}" for a in self.space.domain.names))

    def laplacian(self, method: Method = None) -> Field:
        """Sum of the second derivatives, channel by channel."""
        return self._free(jnp.stack([self.diff(axis, 2, method).values for axis in range(self.space.dim)]).sum(0))

    # Integrals: all reduce over the points of the domain, with quadrature weights

    def integral(self) -> Inexact[Array, " c"]:
        """Integral of each channel over the domain."""
        return self.on.integrate(self.values)

    def mean(self) -> Inexact[Array, " c"]:
        """Mean of each channel over the domain."""
        return self.integral() / self.space.domain.volume

    def inner(self, other: Field) -> Inexact[Array, ""]:
        """L2 inner product, summed over channels."""
        return jnp.sum(self.on.integrate(jnp.conj(self.values) * self._operand(other)))

    def norm(self, p: float | int = 2) -> Float[Array, ""]:
        """L^p norm over domain and channels; p may be ``inf``."""
        size = jnp.abs(self.values)
        if p == float("inf"):
            return jnp.max(size)
        return jnp.sum(self.on.integrate(size**p)) ** (1 / p)

    # Arithmetic, point by point

    def __add__(self, other) -> Field:
        return self._linear(operator.add, other)

    def __sub__(self, other) -> Field:
        return self._linear(operator.sub, other)

    def __radd__(self, other) -> Field:
        return self._linear(operator.add, other)

    def __rsub__(self, other) -> Field:
        return -self + other

    def __neg__(self) -> Field:
        return self.with_values(-self.values)

    def __mul__(self, other) -> Field:
        if isinstance(other, Field):
            return self._free(self.values * self._operand(other))
        return self.with_values(self.values * other)

    __rmul__ = __mul__

    def __truediv__(self, other) -> Field:
        if isinstance(other, Field):
            return self._free(self.values / self._operand(other))
        return self.with_values(self.values / other)

    def __pow__(self, exponent) -> Field:
        if isinstance(exponent, type):
            return NotImplemented  # the class by which diffrax writes arithmetic on whole states
        return self._free(self.values**exponent)

    def _linear(self, combine, other) -> Field:
        if isinstance(other, Field):
            values = combine(self.values, self._operand(other))
            return self.with_values(values) if other.space == self.space else self._free(values)
        # Adding a constant changes what holds at the walls.
        return self._free(combine(self.values, other))

    def _operand(self, other: Field) -> Array:
        same = other.on is self.on or (isinstance(self.on, Grid) and other.on == self.on)
        if not same and isinstance(self.on, Points) and isinstance(other.on, Points):
            same = other.on.x is self.on.x or other.on.x.shape == self.on.x.shape
        if not same:
            raise ArgumentError(
                f"Fields live on different discretisations, {self.on} and {other.on}; "
                "bring one to the other with u.resample(v.on)."
            )
        if 1 not in (other.space.channels, self.space.channels) and other.space.channels != self.space.channels:
            raise ArgumentError(f"Fields have components {self.space.names} and {other.space.names}.")
        return other.values

    def _free(self, values: Array, names: tuple[str, ...] | None = None) -> Field:
        if names is None and values.shape[-1] != self.space.channels:
            names = tuple(f"c{i}" for i in range(values.shape[-1]))
        return Field(values, self.on, self.space.free(names))

    def _component(self, component: int, axis: int, method: Method) -> Array:
        return self.diff(axis, 1, method).values[..., component]

    def _check_vector(self, name: str) -> None:
        if self.space.channels != self.space.dim:
            raise ArgumentError(
                f"Field.{name} needs a vector field with {self.space.dim} components, got {self.space.names}."
            )
