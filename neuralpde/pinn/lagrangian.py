"""Transport told by what is carried: places and states of particles as functions of their labels and of time.

Mojgani, Balajewicz & Hassanzadeh, Comput. Methods Appl. Mech. Engrg. 404 (2023) 115810. A particle is named by its place
at the beginning; the unknown u = (X, w) of (label, t) is where it is and what it carries. However fast the flow is, X
and w are smooth functions of their labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation, PointFunction
from neuralpde.equations.derivatives import expanded, partial, rate
from neuralpde.equations.semilinear import Parameter, is_zero
from neuralpde.errors import ArgumentError
from neuralpde.spaces import AbstractFunction, FunctionSpace, Value, concatenate, propagate

Scalar = Float[Array, ""]
LEAST_STRETCH = 0.01
NODES, CORRECTIONS = 64, 5


class Characteristics(AbstractEquation):
    """``w_t + f(t, x, w) w_x = g w_xx`` for particles: ``X_t = f(t, X, w)``, ``w_t = g w_xx``, components X and w.

    speed: f, a function of three numbers. diffusivity: g. Derivatives in space are those at the place of a particle, see
    `curvature`; they need X_l > 0, which `Ordered` asks for.
    """

    speed: Callable[[Scalar, Scalar, Scalar], Scalar] = eqx.field(static=True)
    diffusivity: Parameter = 0.0
    names: ClassVar[tuple[str, ...]] = ("X", "w")

    def residual(self, u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 2"]:
        """X_t - f and w_t - g w_xx, at x = (label, t)."""
        u = expanded(u, x)
        (place, state), (motion, change) = u(x), rate(u)(x)
        spread = 0.0 if is_zero(self.diffusivity) else self.diffusivity * curvature(u, x)
        return jnp.stack([motion - self.speed(x[1], place, state), change - spread])


class Ordered(AbstractEquation):
    """Particles keep their order: ``max(0, least - X_l)``, zero where neighbours stay ``least`` of their distance apart."""

    least: float = eqx.field(static=True, default=LEAST_STRETCH)
    names: ClassVar[tuple[str, ...]] = ("X", "w")

    def residual(self, u: PointFunction, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        """max(0, least - X_l)"""
        return jax.nn.relu(self.least - partial(u, 0)(x)[:1])


def curvature(u: PointFunction, x: Float[Array, " 2"]) -> Scalar:
    """w_xx at the place of the particle: ``(1/X_l) d/dl ((1/X_l) w_l) = (w_ll - w_l X_ll / X_l) / X_l^2``.

    Only where all particles move alike is it the second derivative in the label.
    """
    (stretch, slope), (bend, second) = partial(u, 0)(x), partial(u, 0, 2)(x)
    return (second - slope * bend / stretch) / stretch**2


class Eulerian(AbstractFunction):
    """The state at a place: the w of the particle that is at x at the time t, for a periodic flow u = (X, w).

    Its label is interpolated between those of equally spaced particles, whose order is known, and corrected by Newton's
    method without leaving its interval. Raises ``ValueError`` for a space other than one component on a periodic axis
    and time.
    """

    u: AbstractFunction
    space: FunctionSpace = eqx.field(static=True)

    def __check_init__(self):
        bounds = self.space.domain.bounds
        if self.space.channels != 1 or len(bounds.axes) != 2 or not bounds.axes[0].periodic:
            raise ArgumentError(
                f"Eulerian wants one component on a periodic axis and time, got {self.space.names} on {bounds}."
            )

    def __call__(self, x: Float[Array, " 2"]) -> Float[Array, " 1"]:
        return self.u(jnp.stack([self.label(x), x[1]]))[1:]

    def label(self, x: Float[Array, " 2"]) -> Scalar:
        """The label of the particle at x = (place, t)."""
        axis = self.space.domain.bounds.axes[0]
        place = lambda label: self.u(jnp.stack([label, x[1]]))[0]
        labels = axis.lower + axis.length * jnp.arange(NODES + 1, dtype=x.dtype) / NODES
        places = jax.vmap(place)(labels)
        wanted = places[0] + jnp.mod(x[0] - places[0], axis.length)
        below = jnp.clip(jnp.searchsorted(places, wanted, side="right") - 1, 0, NODES - 1)
        lower, upper = labels[below], labels[below + 1]
        label = jnp.interp(wanted, places, labels)
        for _ in range(CORRECTIONS):
            found, stretch = jax.jvp(place, (label,), (jnp.ones_like(label),))
            label = jnp.clip(label - (found - wanted) / stretch, lower, upper)
        return label


class Carried(AbstractFunction):
    """``u(x - c (t - t_0), t)``: carried by a flow of constant velocity c, one number an axis of space.

    Where the flow is known, what a network has to find in the moving frame is no more than diffusion, or nothing at all.
    """

    u: AbstractFunction
    velocity: tuple[float, ...] = eqx.field(static=True, converter=tuple)

    @property
    def space(self) -> FunctionSpace:
        """That of u."""
        return self.u.space

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        return self.propagate(x)

    def propagate(self, x: Value) -> Value:
        """Value at a point, or the series of the value for that of the point."""
        moved = x[-1:] - self.space.domain.bounds.lower[-1]
        places = [x[axis : axis + 1] - c * moved for axis, c in enumerate(self.velocity)]
        return propagate(self.u, concatenate([*places, x[-1:]]))


def particles(start: Callable[[Float[Array, " 2"]], Scalar]) -> Callable[[Float[Array, " 2"]], Float[Array, " 2"]]:
    """The beginning of (X, w): every particle at its label, with the state ``start`` there."""
    return lambda x: jnp.stack([x[0], jnp.squeeze(start(x))])
