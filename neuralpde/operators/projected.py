"""A branch net made of an operator and integrals of its output."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import AbstractEncoder, PeriodicFeatures, mlp
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .operator import AbstractOperator


class ProjectedOperator(AbstractEncoder):
    """``b_k(u) = 1/|D| integral of <psi_k(x), N(u)(x)> dx``, k = 1..size, by the quadrature of the input's grid.

    ``operator`` is a constructor such as ``functools.partial(FNO, modes=8)``, called as ``operator(space, hidden,
    on=on, key=key)`` for a space ``hidden`` of ``components`` functions; psi_k are functions spanned by a network of
    one hidden layer of ``width``. No parameter depends on the grid, so as a branch it needs no sensors.
    """

    operator: AbstractOperator
    psi: eqx.nn.MLP
    features: PeriodicFeatures = eqx.field(static=True)

    def __init__(
        self,
        space: FunctionSpace,
        size: int,
        *,
        operator: Callable,
        components: int = 8,
        width: int = 64,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        key_operator, key_psi = jax.random.split(key)
        hidden = FunctionSpace(space.domain, tuple(f"v{i}" for i in range(components)))
        self.operator = operator(space, hidden, on=on, key=key_operator)
        self.features = PeriodicFeatures(space.domain.bounds)
        outputs = size * components
        self.psi = mlp(self.features.size, outputs, width=width, depth=1, activation=activation, key=key_psi)

    def __call__(self, u: Field) -> Float[Array, " size"]:
        v = self.operator(u)
        values = v.values.reshape(-1, v.space.channels)
        x = v.on.coords().reshape(-1, v.space.dim).astype(values.dtype)
        weights = (v.on.weights().reshape(-1) / v.space.domain.volume).astype(values.dtype)
        psi = jax.vmap(lambda y: self.psi(self.features(y)))(x)
        return jnp.einsum("n,nc,nkc->k", weights, values, psi.reshape(len(x), -1, v.space.channels))
