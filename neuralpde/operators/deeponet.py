"""DeepONet: a branch net reads the input function at sensors, a trunk net spans the output functions.

Lu, Jin, Pang, Zhang, Karniadakis, Nature Machine Intelligence 3 (2021) 218, equation 2; unstacked, with bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import PeriodicFeatures, mlp
from neuralpde.spaces import AbstractDiscretization, AbstractFunction, Box, Field, FunctionSpace

from .about import About
from .operator import AbstractOperator, check_source


class DeepONet(AbstractOperator):
    """``G(u)(y) = sum_k b_k(u(x_1), ..., u(x_m)) t_k(y) + b_0`` with p = ``basis`` terms a component.

    ``on`` holds the sensors x_1..x_m; an input sampled elsewhere is resampled there. The branch's output is linear,
    the trunk's last layer is activated, b_0 starts at zero. Coordinates are normalised to [-1, 1]; on periodic axes
    the trunk sees their cosines and sines, so its functions are exactly periodic. Each component of the target
    has its own p branch and trunk outputs.

    Queries: under ``vmap`` over functions an unbatched ``at`` is shared, and the trunk is evaluated once for all of
    them; a batched ``at`` (`Points` with a leading axis) gives each function its own queries.
    """

    about: ClassVar[About] = About("Lu et al., Nature Machine Intelligence 3 (2021) 218", "any", True)

    branch: Callable[[Float[Array, " m"]], Float[Array, " p"]]
    trunk: Callable[[Float[Array, " f"]], Float[Array, " p"]]
    b0: Float[Array, " c"]
    on: AbstractDiscretization
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 128,
        depth: int = 3,
        basis: int = 128,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        branch: Callable | None = None,
        trunk: Callable | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if on is None:
            raise ArgumentError("DeepONet reads its input at sensors: pass on=Grid(...) or on=Points(...).")
        key_branch, key_trunk = jax.random.split(key)
        size = {"width": width, "depth": depth, "activation": activation}
        sensors = math.prod(on.shape) * source.channels
        terms = basis * target.channels
        self.source, self.target, self.on = source, target, on
        self.branch = mlp(sensors, terms, **size, key=key_branch) if branch is None else branch
        if trunk is None:
            trunk = mlp(_features(target).size, terms, **size, final_activation=activation, key=key_trunk)
        self.trunk = trunk
        self.b0 = jnp.zeros(target.channels)

    def __call__(self, u: Field, at: AbstractDiscretization | None = None, key: PRNGKeyArray | None = None) -> Field:
        wanted = u.on if at is None else at
        return self.as_function(u).sample(wanted)

    def as_function(self, u: Field) -> AbstractFunction:
        """The output as a smooth function of y: the branch is evaluated here, the trunk at each point."""
        check_source(self, u)
        b = self.branch(u.resample(self.on).values.reshape(-1))
        b = b.reshape(self.target.channels, -1)
        return _BranchTrunk(b=b, trunk=self.trunk, b0=self.b0, space=self.target)


class _BranchTrunk(AbstractFunction):
    """The function ``y -> sum_k b_k t_k(y) + b_0`` for one input."""

    b: Float[Array, "c p"]
    trunk: Callable[[Float[Array, " f"]], Float[Array, " p"]]
    b0: Float[Array, " c"]
    space: FunctionSpace = eqx.field(static=True)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, " c"]:
        t = self.trunk(_features(self.space)(x)).reshape(self.b.shape)
        return jnp.sum(self.b * t, axis=-1) + self.b0

    def sample(self, on: AbstractDiscretization) -> Field:
        x = on.coords().reshape(-1, self.space.dim).astype(self.b.dtype)
        t = jax.vmap(lambda y: self.trunk(_features(self.space)(y)))(x)
        t = t.reshape(len(x), *self.b.shape)
        values = jnp.einsum("cp,ncp->nc", self.b, t) + self.b0
        return Field(values.reshape(*on.shape, -1), on, self.space)


def _features(space: FunctionSpace) -> PeriodicFeatures:
    """What the trunk sees of a point of the domain, or of its bounding box."""
    box: Box = space.domain.bounds
    return PeriodicFeatures(box)
