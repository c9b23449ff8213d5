"""Semilinear stochastic partial differential equations on periodic boxes, their linear part solved exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.semilinear import AbstractSemilinear
from neuralpde.solvers.phi import phi_of_matrices, phi_of_numbers
from neuralpde.solvers.times import uniform_substeps
from neuralpde.spaces import Field, Trajectory
from neuralpde.spaces.fourier import Spectrum, act

from .q_wiener import Amplitude, QWiener


def solve_spde(
    equation: AbstractSemilinear,
    noise: QWiener,
    initial: Field,
    times: Sequence[float],
    *,
    step: float,
    key: PRNGKeyArray,
    amplitude: Amplitude = 1.0,
    dealias: float = 2 / 3,
) -> Trajectory:
    """``du = (L u + N(u)) dt + amplitude(u) dW`` (Ito) at equally spaced ``times``, the first that of ``initial``.

    By `exponential_euler`, each interval divided evenly into steps of at most ``step``. Neither L nor the modes of the
    noise limit the step. Draws are batched by ``vmap`` over keys. Raises ``ValueError`` for times that are not equally
    spaced and for a grid that is not periodic.
    """
    return _solve(equation, noise, initial, tuple(map(float, times)), step, key, amplitude, dealias)


@eqx.filter_jit
def _solve(equation, noise, initial, times, step, key, amplitude, dealias) -> Trajectory:
    fourier = equation.transform(initial, dealias)
    h, substeps = uniform_substeps(times, step)
    advance = exponential_euler(equation, noise, initial, h, amplitude, dealias)

    def substep(i, carry):
        spectrum, key = carry
        drawn = jax.random.normal(jax.random.fold_in(key, i), noise.shape, fourier.dtype)
        return advance(spectrum, jnp.sqrt(jnp.asarray(h, fourier.dtype)) * drawn), key

    def interval(spectrum, key):
        spectrum, _ = jax.lax.fori_loop(0, substeps, substep, (spectrum, key))
        return spectrum, fourier.synthesise(spectrum, initial.space).values

    _, later = jax.lax.scan(interval, fourier.analyse(initial), jax.random.split(key, len(times) - 1))
    values = jnp.concatenate([initial.values[None], later])
    return Trajectory(jnp.asarray(times, fourier.dtype), Field.stack(values, initial.on, initial.space))


def exponential_euler(
    equation: AbstractSemilinear,
    noise: QWiener,
    like: Field,
    h: Float[Array, ""] | float,
    amplitude: Amplitude = 1.0,
    dealias: float = 2 / 3,
) -> Callable[[Spectrum, Float[Array, "*modes channel"]], Spectrum]:
    """One step of length h on the spectrum of a field as ``like``, given the increments of the Brownian motions:

    ``u' = e^(hL) u + h phi_1(hL) N(u) + phi_1(2 h Re L)^(1/2) amplitude(u) dW``.

    Where L acts on components by themselves the last factor gives each mode the variance of the exact stochastic
    convolution, for steps of any length (Jentzen & Kloeden, Proc. R. Soc. A 465 (2009) 649); where L is a matrix it is
    ``e^(hL)`` (Lord & Rougemont, IMA J. Numer. Anal. 24 (2004) 587). Strong order one for additive noise.
    """
    fourier = equation.transform(like, dealias)
    symbol, nonlinear = equation.symbol(fourier), equation.nonlinear(fourier)
    matrices = symbol.ndim == fourier.dim + 2
    phi = (phi_of_matrices if matrices else phi_of_numbers)(h * symbol)
    spread = phi.zero if matrices else jnp.sqrt(phi_of_numbers(2 * h * symbol.real).one)

    def step(spectrum: Spectrum, increments: Array) -> Spectrum:
        u = fourier.synthesise(spectrum, like.space)
        driven = noise.factor(u, amplitude).mv(increments)
        moved = act(phi.zero, spectrum) + act(spread, fourier.analyse(driven))
        return moved if nonlinear is None else moved + h * act(phi.one, nonlinear(spectrum))

    return step
