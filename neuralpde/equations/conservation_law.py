"""Systems of conservation laws: what a finite volume solver needs to know of an equation."""

from __future__ import annotations

import abc

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Inexact

from neuralpde.spaces import Field

from .equation import AbstractEquation, PointFunction

State = Float[Array, "*point c"]
Scalar = Float[Array, "*point"]


def components(u: State) -> list[Scalar]:
    """The components of a state as arrays of their own.

    Formulas written with them compile to few passes over memory; vectors inside the last axis do not.
    """
    return [u[..., i] for i in range(u.shape[-1])]


class AbstractConservationLaw(AbstractEquation):
    """``du/dt + sum_i d/dx_i f_i(u) = sum_i d/dx_i g_i(u, grad u)`` for conserved quantities u.

    All methods but `residual` and `invariants` act on the last axis, point by point: ``u`` has shape (*point, c).
    A law is defined by `flux` and `signal_speeds`; the rest has defaults that suit a scalar law without diffusion.
    """

    @abc.abstractmethod
    def flux(self, u: State, axis: int) -> State:
        """The flux f along a coordinate axis."""

    @abc.abstractmethod
    def signal_speeds(self, u: State, axis: int) -> tuple[Scalar, Scalar]:
        """Smallest and largest eigenvalue of df/du along an axis."""

    def viscous_flux(self, u: State, gradient: Float[Array, "*point d c"], axis: int) -> State | None:
        """The flux g along an axis, for the gradient of u; None where the law has none."""
        return None

    def diffusivity(self, u: State) -> Scalar | float:
        """Upper bound of the diffusion coefficients of g, which limits an explicit step."""
        return 0.0

    def admissible(self, u: State) -> Bool[Array, "*point"]:
        """Whether a state is physical (density, depth and pressure above zero)."""
        return (u == u).all(-1)

    def primitive(self, u: State) -> State:
        """The variables that a solver interpolates, as many as u has; the conserved ones unless a law knows better."""
        return u

    def conserved(self, w: State) -> State:
        """The inverse of `primitive`."""
        return w

    def wave_speeds(self, left: State, right: State, axis: int) -> tuple[Scalar, Scalar]:
        """Bounds of the speeds of all waves between two states: by default the least and greatest of both.

        Davis, SIAM J. Sci. Stat. Comput. 9 (1988) 445. Exact for convex scalar laws.
        """
        (left_slow, left_fast), (right_slow, right_fast) = (
            self.signal_speeds(left, axis),
            self.signal_speeds(right, axis),
        )
        return jnp.minimum(left_slow, right_slow), jnp.maximum(left_fast, right_fast)

    def contact_flux(self, left: State, right: State, axis: int) -> State:
        """Flux through a face by an approximate Riemann solver that keeps contact and shear waves (HLLC)."""
        raise self._lacks("a Riemann solver of its own (HLLC): choose 'hll' or 'rusanov'")

    def residual(self, u: PointFunction, x: Float[Array, " d"]) -> Inexact[Array, " c"]:
        """``du/dt + sum_i d/dx_i (f_i - g_i)`` at the point ``x`` of space and time, by automatic differentiation."""
        directions = jnp.eye(x.shape[0], dtype=x.dtype)

        def flux(y, axis):
            value, gradient = u(y), jax.jacfwd(u)(y)[:, :-1].T
            viscous = self.viscous_flux(value, gradient, axis)
            return self.flux(value, axis) if viscous is None else self.flux(value, axis) - viscous

        total = jax.jvp(u, (x,), (directions[-1],))[1]
        for axis in range(x.shape[0] - 1):
            total += jax.jvp(lambda y, axis=axis: flux(y, axis), (x,), (directions[axis],))[1]
        return total

    def invariants(self, u: Field) -> dict[str, Float[Array, ""]]:
        """Integral of each component over the domain, by its name."""
        return dict(zip(self.names, u.integral(), strict=True))
