"""Loops that XLA's compiler for CPUs makes slow: those over convolutions whose axes are not in its order."""

from __future__ import annotations

from collections.abc import Callable

import jax
from jax.extend.core import Jaxpr, jaxprs_in_params


def loops_are_slow(function: Callable, *arguments: object) -> bool:
    """Whether a loop over this function of arrays should rather be written out, or be driven by the host."""
    return jax.default_backend() == "cpu" and has_slow_convolutions(jax.make_jaxpr(function)(*arguments).jaxpr)


def has_slow_convolutions(program: Jaxpr) -> bool:
    """Whether JAX's own convolution occurs in a program, at any depth, with axes in another order than
    `neuralpde.nn.convolve` has: as gradients of convolutions do (of Flax modules, or depthwise ones).
    """
    return any(
        (equation.primitive.name == "conv_general_dilated" and not _in_order(equation.params["dimension_numbers"]))
        or any(map(has_slow_convolutions, jaxprs_in_params(equation.params)))
        for equation in program.eqns
    )


def _in_order(numbers) -> bool:
    """Batch, space, channels; space, channels in, channels out."""
    *space, last = range(1, len(numbers.lhs_spec))
    ordered = (0, last, *space)
    return numbers.lhs_spec == numbers.out_spec == ordered and numbers.rhs_spec == (last, last - 1, *range(last - 1))
