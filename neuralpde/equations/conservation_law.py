"""Systems of conservation laws: what a finite volume solver needs to know of an equation."""

from __future__ import annotations

import abc

from jaxtyping import Array, Float

from .equation import AbstractEquation

State = Float[Array, "*point c"]


class AbstractConservationLaw(AbstractEquation):
    """``du/dt + sum_i d/dx_i f_i(u) = sum_i d/dx_i g_i(u, grad u)`` for conserved quantities u.

    All methods act on the last axis, point by point: ``u`` has shape (*point, c).
    """

    @abc.abstractmethod
    def flux(self, u: State, axis: int) -> State:
        """The flux f along a coordinate axis."""

    @abc.abstractmethod
    def signal_speeds(self, u: State, axis: int) -> tuple[Float[Array, "*point"], Float[Array, "*point"]]:
        """Smallest and largest eigenvalue of df/du along an axis."""

    def viscous_flux(self, u: State, gradient: Float[Array, "*point d c"], axis: int) -> State | None:
        """The flux g along an axis, for the gradient of u; None where the law has none."""
        return None

    def diffusivity(self, u: State) -> Float[Array, "*point"] | float:
        """Upper bound of the diffusion coefficients of g, which limits an explicit step."""
        return 0.0

    def admissible(self, u: State) -> Array:
        """Whether a state is physical (density, depth and pressure above zero), (*point,)."""
        return (u == u).all(-1)
