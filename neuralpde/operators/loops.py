"""Loops over convolutions, which XLA's compiler for CPUs makes 9 times slower than the same steps outside of a loop."""

from __future__ import annotations

from collections.abc import Callable

import jax
from jax.extend.core import Jaxpr, jaxprs_in_params


def loops_are_slow(function: Callable, *arguments: object) -> bool:
    """Whether a loop over this function of arrays should rather be written out, or be driven by the host."""
    return jax.default_backend() == "cpu" and convolves(jax.make_jaxpr(function)(*arguments).jaxpr)


def convolves(program: Jaxpr) -> bool:
    """Whether a convolution occurs in a program, at any depth."""
    return any(
        equation.primitive.name == "conv_general_dilated" or any(map(convolves, jaxprs_in_params(equation.params)))
        for equation in program.eqns
    )
