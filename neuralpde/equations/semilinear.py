"""Semilinear evolution equations on periodic boxes: what a spectral solver needs to know of an equation."""

from __future__ import annotations

import abc
from collections.abc import Callable

from jaxtyping import Array, Float

from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, Grid
from neuralpde.spaces.fourier import Fourier, Multiplier, Spectrum, act

from .equation import AbstractEquation

Parameter = Float[Array, ""] | float | int
Nonlinearity = Callable[[Spectrum], Spectrum]


class AbstractSemilinear(AbstractEquation):
    """``u_t = L u + N(u)`` with a linear L of constant coefficients, on a periodic box of any dimension.

    An equation gives the Fourier symbol of L and the spectrum of N(u); the tendency follows. The residual is
    written apart from them, by automatic differentiation.
    """

    @property
    def axes(self) -> int | None:
        """Number of axes of the box where the equation is defined on one kind of box only."""
        return None

    def transform(self, u: Field, dealias: float = 1.0) -> Fourier:
        """The Fourier transform of the grid of a state; ``ValueError`` where the state cannot be the equation's."""
        name = type(self).__name__
        if u.space.channels != len(self.names):
            raise ArgumentError(f"{name} has the components {self.names}, the field {u.space.names}; give it those.")
        if not isinstance(u.on, Grid):
            raise ArgumentError(f"{name} needs a field on a periodic grid; resample it to one.")
        if self.axes not in (None, u.space.dim):
            raise ArgumentError(
                f"{name} lives on {self.axes} axes, the field on {u.space.domain.names}; choose another box or equation."
            )
        return Fourier(u.on, u.values.dtype, dealias)

    @abc.abstractmethod
    def symbol(self, fourier: Fourier) -> Multiplier:
        """Fourier symbol of L, real where it can be.

        Of a shape that broadcasts with spectra (c, *modes) where L acts on each component by itself, else a matrix
        a mode, (c, c, *modes).
        """

    def nonlinear(self, fourier: Fourier) -> Nonlinearity | None:
        """The map from the spectrum of u to that of N(u), both (c, *modes); None where the equation is linear.

        Called once, outside the time loop, so that the multipliers of the map are computed there.
        """
        return None

    def tendency(self, u: Field) -> Field:
        """Time derivative of a field on a periodic grid, by Fourier series; products are not dealiased."""
        fourier = self.transform(u)
        spectrum = fourier.analyse(u)
        found = act(self.symbol(fourier), spectrum)
        nonlinear = self.nonlinear(fourier)
        if nonlinear is not None:
            found = found + nonlinear(spectrum)
        return fourier.synthesise(found, u.space)


def is_zero(parameter: object) -> bool:
    """Whether a parameter is known to be zero when traced: then conservation laws hold that it would break."""
    return isinstance(parameter, float | int) and parameter == 0
