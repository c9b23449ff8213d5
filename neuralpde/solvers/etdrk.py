"""Exponential time differencing Runge-Kutta methods for semilinear equations on periodic boxes.

Cox & Matthews, J. Comput. Phys. 176 (2002) 430; Kassam & Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214. The linear
part is solved exactly, so that its stiffness does not limit the step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neuralpde.equations import AbstractEquation
from neuralpde.equations.semilinear import AbstractSemilinear, Nonlinearity
from neuralpde.errors import ArgumentError
from neuralpde.spaces import Field, Trajectory
from neuralpde.spaces.fourier import Fourier, Multiplier, Spectrum, act

from .phi import Phi, phi_of_matrices, phi_of_numbers
from .resolution import FOURIER_LIMITS, fourier_figures
from .solver import AbstractSolver, Limit
from .times import uniform_substeps

Step = Callable[[Spectrum], Spectrum]
Length = Float[Array, ""] | float


class ETDRK(AbstractSolver):
    """Fourier series in space, exponential Runge-Kutta of order 1 to 4 in time, for an `AbstractSemilinear`.

    step: the longest time step; each interval between output times is divided evenly. order: of the method, which is
    the number of evaluations of N a step. dealias: fraction of the wavenumbers that N sees and gives, 2/3 for
    quadratic and 1/2 for cubic nonlinearities; the initial state keeps all of its own.

    All periodic grids serve, of any dimension and aspect; the precision is that of the initial field. Whether grid and
    step resolve a solution is for the caller to see, in its `figures`.
    """

    limits: ClassVar[Mapping[str, Limit]] = FOURIER_LIMITS
    step: float = eqx.field(static=True)
    order: int = eqx.field(static=True, default=4)
    dealias: float = eqx.field(static=True, default=2 / 3)

    def __check_init__(self):
        if self.order not in METHODS:
            raise ArgumentError(f"ETDRK has the orders {list(METHODS)}, got order={self.order}.")

    def solve(self, equation: AbstractEquation, initial: Field, times: Sequence[float]) -> Trajectory:
        """The states at equally spaced ``times``, the first of which is ``initial``.

        Raises ``ValueError`` for an equation that is not semilinear, a grid that is not periodic, components that are
        not the equation's, or times that are not equally spaced.
        """
        return _solve(self, equation, initial, tuple(map(float, times)))

    def refined(self) -> ETDRK:
        return dataclasses.replace(self, step=self.step / 2)

    def figures(self, equation: AbstractEquation, solution: Trajectory) -> dict[str, Float[Array, ""]]:
        """The tail of the spectrum, and the step against the speed of advection; see `fourier_figures`."""
        assert isinstance(equation, AbstractSemilinear)
        return fourier_figures(equation, solution, self.step, self.dealias)


@eqx.filter_jit
def _solve(solver: ETDRK, equation: AbstractEquation, initial: Field, times: tuple[float, ...]) -> Trajectory:
    fourier = transform(equation, initial, solver.dealias)
    h, substeps = uniform_substeps(times, solver.step)
    equation = in_precision(equation, fourier.dtype)
    symbol, nonlinear = equation.symbol(fourier), equation.nonlinear(fourier)
    step = exponential_step(solver.order, symbol, nonlinear, h, fourier.dim)
    return march(step, initial, fourier, times, substeps)


def transform(equation: AbstractEquation, initial: Field, dealias: float) -> Fourier:
    """The transform on the grid of a field; ``ValueError`` where a spectral method cannot solve the equation on it."""
    if not isinstance(equation, AbstractSemilinear):
        raise ArgumentError(
            f"A spectral solver needs a semilinear equation u_t = L u + N(u), got {type(equation).__name__}; choose "
            "an equation with a symbol, or a solver that uses its tendency."
        )
    return equation.transform(initial, dealias)


def in_precision(equation: AbstractSemilinear, dtype) -> AbstractSemilinear:
    """The equation with its real array parameters in the precision of the state."""
    real = lambda leaf: eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.floating)
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if real(leaf) else leaf, equation)


def march(step: Step, initial: Field, fourier: Fourier, times: Sequence[float], substeps: int) -> Trajectory:
    """Repeat a step on the spectrum, ``substeps`` times between two output times."""

    def interval(spectrum, _):
        spectrum = jax.lax.fori_loop(0, substeps, lambda _, s: step(s), spectrum)
        return spectrum, fourier.synthesise(spectrum, initial.space).values

    _, later = jax.lax.scan(interval, fourier.analyse(initial), length=len(times) - 1)
    values = jnp.concatenate([initial.values[None], later])
    return Trajectory(jnp.asarray(times, fourier.dtype), Field.stack(values, initial.on, initial.space))


def exponential_step(order: int, symbol: Multiplier, nonlinear: Nonlinearity | None, h: Length, dim: int) -> Step:
    """One step of length h on a spectrum of ``dim`` axes; of an equation without N the exact propagator, whatever the
    order."""
    phi = phi_of_matrices if symbol.ndim == dim + 2 else phi_of_numbers
    both = phi(jnp.stack([h * symbol, h / 2 * symbol], axis=-1))
    full, half = Phi(*(values[..., 0] for values in both)), Phi(*(values[..., 1] for values in both))
    if nonlinear is None:
        return lambda u: act(full.zero, u)
    return METHODS[order](nonlinear, h, full, half)


def _first(nonlinear: Nonlinearity, h: Length, full: Phi, half: Phi) -> Step:
    """ETD1, the exponential Euler method (Cox & Matthews, equation 4)."""
    propagate, advance = full.zero, h * full.one
    return lambda u: act(propagate, u) + act(advance, nonlinear(u))


def _second(nonlinear: Nonlinearity, h: Length, full: Phi, half: Phi) -> Step:
    """ETDRK2 (Cox & Matthews, equation 22)."""
    propagate, advance, correct = full.zero, h * full.one, h * full.two

    def step(u):
        n_u = nonlinear(u)
        a = act(propagate, u) + act(advance, n_u)
        return a + act(correct, nonlinear(a) - n_u)

    return step


def _third(nonlinear: Nonlinearity, h: Length, full: Phi, half: Phi) -> Step:
    """ETDRK3 (Cox & Matthews, equations 23-25)."""
    propagate, advance = full.zero, h * full.one
    to_middle, advance_half = half.zero, h / 2 * half.one
    first, middle, last = _weights(h, full)

    def step(u):
        n_u = nonlinear(u)
        end = act(propagate, u)
        n_a = nonlinear(act(to_middle, u) + act(advance_half, n_u))
        n_b = nonlinear(end + act(advance, 2 * n_a - n_u))
        return end + act(first, n_u) + act(middle, n_a) + act(last, n_b)

    return step


def _fourth(nonlinear: Nonlinearity, h: Length, full: Phi, half: Phi) -> Step:
    """ETDRK4 (Cox & Matthews, equations 26-29)."""
    propagate = full.zero
    to_middle, advance_half = half.zero, h / 2 * half.one
    first, middle, last = _weights(h, full)
    middle = middle / 2

    def step(u):
        n_u = nonlinear(u)
        free = act(to_middle, u)
        a = free + act(advance_half, n_u)
        n_a = nonlinear(a)
        n_b = nonlinear(free + act(advance_half, n_a))
        n_c = nonlinear(act(to_middle, a) + act(advance_half, 2 * n_b - n_u))
        return act(propagate, u) + act(first, n_u) + act(middle, n_a + n_b) + act(last, n_c)

    return step


def _weights(h: Length, phi: Phi) -> tuple[Multiplier, Multiplier, Multiplier]:
    """Weights of the first, the middle and the last stage: Simpson's rule at z = 0."""
    _, one, two, three = phi
    return h * (one - 3 * two + 4 * three), h * (4 * two - 8 * three), h * (4 * three - two)


METHODS: dict[int, Callable[[Nonlinearity, Length, Phi, Phi], Step]] = {1: _first, 2: _second, 3: _third, 4: _fourth}
