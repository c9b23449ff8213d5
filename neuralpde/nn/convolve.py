"""The convolution of arrays, with derivatives that are convolutions in the same order of axes.

JAX derives from a convolution others whose axes stand in another order (the channels in the place of the batch, ...).
XLA's compiler for CPUs puts the axes in order outside of loops only, and takes convolutions in another order by a kernel
that is 15 to 30 times slower. Here the axes are put in order where the derivatives are formed, so that steps of training
and rollouts may be loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float

Widths = Sequence[tuple[int, int]]


def convolve(
    x: Float[Array, "*n i"],
    w: Float[Array, "*kernel i o"],
    *,
    strides: Sequence[int] | None = None,
    padding: Widths | None = None,
    dilation: Sequence[int] | None = None,
) -> Float[Array, "*m o"]:
    """``y_j = sum_a x_(s j + r a - p) w_a``, strides s, dilation r of the kernel, p zeros (``padding``) before the first.

    Negative widths of ``padding`` leave values out. The arguments are one an axis; left out they are 1, (0, 0) and 1.
    Derivatives of every order and mode, and ``vmap`` over either argument, are supported.
    """
    dim, dtype = x.ndim - 1, jnp.result_type(x, w)
    ones = (1,) * dim
    return _convolution.bind(
        x.astype(dtype)[None],
        w.astype(dtype),
        strides=ones if strides is None else tuple(strides),
        padding=((0, 0),) * dim if padding is None else tuple((int(a), int(b)) for a, b in padding),
        base=ones,
        dilation=ones if dilation is None else tuple(dilation),
    )[0]


_convolution = Primitive("ordered_convolution")
"""``(batch, *n, i), (*kernel, i, o) -> (batch, *m, o)``; ``base`` is the number of points that x is spread over."""


def _convolved(x: Array, w: Array, *, strides, padding, base, dilation) -> Array:
    axes = "XYZ"[: len(strides)]
    return lax.conv_general_dilated(
        x,
        w,
        strides,
        padding,
        lhs_dilation=base,
        rhs_dilation=dilation,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
    )


def _result(x: Any, w: Any, *, strides, padding, base, dilation) -> Any:
    """What is known of y while a program is traced."""
    sizes = zip(x.shape[1:-1], w.shape, padding, strides, base, dilation, strict=False)
    points = [(_spread(n, b) + sum(p) - _spread(k, r)) // s + 1 for n, k, p, s, b, r in sizes]
    return x.update(shape=(x.shape[0], *points, w.shape[-1]))


def _for_x(dy: Array, x: Any, w: Array, *, strides, padding, base, dilation) -> Array:
    """The transpose in x: a convolution with the reflected kernel."""
    sizes = zip(x.aval.shape[1:-1], w.shape, dy.shape[1:-1], padding, strides, base, dilation, strict=False)
    widths = []
    for n, k, m, (before, _), s, b, r in sizes:
        n, k, m = _spread(n, b), _spread(k, r), _spread(m, s)
        widths.append((k - 1 - before, n - m + before))
    reflected = jnp.flip(w, range(len(strides))).swapaxes(-1, -2)
    return _convolution.bind(dy, reflected, strides=base, padding=tuple(widths), base=strides, dilation=dilation)


def _for_w(dy: Array, x: Array, w: Any, *, strides, padding, base, dilation) -> Array:
    """The transpose in w: x convolved with dy, the batch being what is summed over."""
    sizes = zip(x.shape[1:-1], w.aval.shape, dy.shape[1:-1], padding, strides, base, dilation, strict=False)
    widths = []
    for n, k, m, (before, _), s, b, r in sizes:
        n, k, m = _spread(n, b), _spread(k, r), _spread(m, s)
        widths.append((before, m - n + k - 1 - before))
    dw = _convolution.bind(
        jnp.swapaxes(x, 0, -1),
        jnp.moveaxis(dy, 0, -2),
        strides=dilation,
        padding=tuple(widths),
        base=base,
        dilation=strides,
    )
    return jnp.moveaxis(dw, 0, -2)


def _spread(points: int, by: int) -> int:
    """Length of that many points, ``by`` apart."""
    return (points - 1) * by + 1


def _batched(arguments, axes, **options) -> tuple[Array, int]:
    (x, w), (x_axis, w_axis) = arguments, axes
    if w_axis is not None:
        return jax.vmap(lambda x, w: _convolved(x, w, **options), (x_axis, w_axis))(x, w), 0
    x = jnp.moveaxis(x, x_axis, 0)
    y = _convolution.bind(x.reshape(-1, *x.shape[2:]), w, **options)
    return y.reshape(*x.shape[:2], *y.shape[1:]), 0


_convolution.def_impl(jax.jit(_convolved, static_argnames=("strides", "padding", "base", "dilation")))
_convolution.def_abstract_eval(_result)
ad.defbilinear(_convolution, _for_x, _for_w)
batching.primitive_batchers[_convolution] = _batched
mlir.register_lowering(_convolution, mlir.lower_fun(_convolved, multiple_results=False))
