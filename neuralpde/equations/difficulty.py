"""Dimensionless coefficients of evolution equations, by which benchmarks of time-stepping emulators name a problem.

Koehler, Niedermayr, Westermann & Thuerey, "APEBench", NeurIPS 2024. For ``u_t = sum_j a_j d^j u / dx^j`` on a box of
length L an axis with N points, D axes and an interval dt between frames:

- the normalised coefficient is ``alpha_j = a_j dt / L^j``;
- the difficulty is ``gamma_j = alpha_j N^j 2^(j-1) D`` (``gamma_0 = alpha_0``): gamma_1 is the Courant number of an
  explicit first-order scheme and gamma_2 twice D times its diffusion number, which is stable up to one.

Nonlinear terms of degree two, ``-b (u^2)_x / 2`` (order 1) and ``-b |grad u|^2 / 2`` (order 2), have the normalised
coefficient ``beta = b dt / L^order`` and the difficulty ``delta = beta M N^order D``, M the largest value of |u|.
"""

from __future__ import annotations

import dataclasses

from neuralpde.errors import ArgumentError


@dataclasses.dataclass(frozen=True)
class ReducedUnits:
    """What turns difficulties into coefficients: points and length an axis, axes, interval, largest value of |u|."""

    points: int
    dim: int = 1
    length: float = 1.0
    interval: float = 1.0
    maximum: float = 1.0

    def linear(self, order: int, gamma: float) -> float:
        """The coefficient a of d^order u that has the difficulty ``gamma``, in units length^order / time."""
        return gamma / self._linear_scale(order)

    def linear_difficulty(self, order: int, coefficient: float) -> float:
        """gamma of a coefficient a of d^order u."""
        return coefficient * self._linear_scale(order)

    def quadratic(self, order: int, delta: float) -> float:
        """The coefficient b of the quadratic term with ``order`` derivatives (1 or 2) of difficulty ``delta``."""
        return delta / self._quadratic_scale(order)

    def quadratic_difficulty(self, order: int, coefficient: float) -> float:
        """delta of a coefficient b of the quadratic term with ``order`` derivatives (1 or 2)."""
        return coefficient * self._quadratic_scale(order)

    def _linear_scale(self, order: int) -> float:
        if order < 0:
            raise ArgumentError(f"A derivative has an order of zero or more, got {order}.")
        factor = 2.0 ** (order - 1) * self.dim if order else 1.0
        return self.interval * (self.points / self.length) ** order * factor

    def _quadratic_scale(self, order: int) -> float:
        if order not in (1, 2):
            raise ArgumentError(
                f"Quadratic terms are known with one derivative (convection) or two (gradient norm), got order={order}."
            )
        return self.interval * (self.points / self.length) ** order * self.maximum * self.dim
