"""A hint for XLA's CPU compiler: an array that several operations use is computed once.

That compiler fuses cheap elementwise operations into every operation that uses them, and so computes an activation again
for each of its uses, with the activations of the layers before it. The barrier of JAX is taken away before that happens.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, Float


def computed_once(v: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """``v``, which is then computed once for all its uses on a CPU, and not fused with them.

    Worth its copy where v is expensive beside a copy and used twice or more: after activations. On other devices, whose
    compilers weigh this up, it is nothing. Its derivative is held to the same.
    """
    return _once.bind(v)


_once = Primitive("computed_once")


def _branches(v: Array) -> Array:
    # A choice that the compiler cannot see through; fusion stops at it. The second branch is never taken.
    return lax.cond(lax.optimization_barrier(jnp.asarray(True)), lambda v: v, jnp.negative, v)


_once.def_impl(lambda v: v)
_once.def_abstract_eval(lambda v: v)
ad.deflinear2(_once, lambda dv, _: (_once.bind(dv),))
batching.defvectorized(_once)
mlir.register_lowering(_once, lambda _, v: [v])
mlir.register_lowering(_once, mlir.lower_fun(_branches, multiple_results=False), platform="cpu")
