"""The product of a matrix with an array along one of its axes, in the layout that the array has.

JAX's rule of ``vmap`` for products of a shared matrix puts the batch behind the rows of the matrix, and the array is
copied into that order and back; here the batch stays in front, as in one product for each of its members.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jax.typing import ArrayLike
from jaxtyping import Array, Float


def matrix_along(matrix: Float[Array, "k n"], v: Float[Array, "*n"], axis: int) -> Float[Array, "*m"]:
    """``y[.., k, ..] = sum_n matrix[k, n] v[.., n, ..]`` at ``axis``, which keeps its place and becomes k long.

    Derivatives of every order and mode, and ``vmap`` over either argument, are supported.
    """
    axis %= v.ndim
    front, behind = v.shape[:axis], v.shape[axis + 1 :]
    y = _product.bind(matrix, v.reshape(math.prod(front), v.shape[axis], math.prod(behind)))
    return y.reshape(*front, matrix.shape[0], *behind)


_product = Primitive("matrix_along")
"""``(k, n), (front, n, behind) -> (front, k, behind)``."""


def _multiplied(matrix: Array, v: Array) -> Array:
    each = jnp.broadcast_to(matrix, (v.shape[0], *matrix.shape))
    return lax.dot_general(each, v, (((2,), (1,)), ((0,), (0,))))


def _result(matrix: Any, v: Any) -> Any:
    """What is known of the product while a program is traced."""
    return v.update(shape=(v.shape[0], matrix.shape[0], v.shape[2]), dtype=jnp.result_type(matrix.dtype, v.dtype))


def _for_matrix(dy: ArrayLike, matrix: Any, v: ArrayLike) -> Array:
    return jnp.einsum("fkb,fnb->kn", dy, v)


def _for_v(dy: ArrayLike, matrix: ArrayLike, v: Any) -> Array:
    return _product.bind(jnp.asarray(matrix).T, dy)


def _batched(arguments, axes) -> tuple[Array, int]:
    (matrix, v), (matrix_axis, v_axis) = arguments, axes
    if matrix_axis is not None:
        return jax.vmap(_multiplied, (matrix_axis, v_axis))(matrix, v), 0
    v = jnp.moveaxis(v, v_axis, 0)
    y = _product.bind(matrix, v.reshape(-1, *v.shape[2:]))
    return y.reshape(*v.shape[:2], *y.shape[1:]), 0


_product.def_impl(jax.jit(_multiplied))
_product.def_abstract_eval(_result)
ad.defbilinear(_product, _for_matrix, _for_v)
batching.primitive_batchers[_product] = _batched
mlir.register_lowering(_product, mlir.lower_fun(_multiplied, multiple_results=False))
