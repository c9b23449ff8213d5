"""POD-DeepONet: the trunk is not trained but made of the leading modes of the training outputs.

Lu, Meng, Cai, Mao, Goswami, Zhang, Karniadakis, CMAME 393 (2022) 114778, section 3.1.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Frozen
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Points, Sample

from .about import About
from .branch_trunk import AbstractDeepONet, Expansion, FieldTrunk, at_sensors, encode, make_branch
from .operator import AbstractFittedOperator


class PODDeepONet(AbstractDeepONet, AbstractFittedOperator):
    """``G(u) = m + sum_k b_k(u(x_1), ..., u(x_m)) phi_k``: m and phi_k are mean and ``basis`` modes of training outputs.

    The modes are orthogonal in L2 over domain and components, by the quadrature of the training grid, and scaled to
    the standard deviation that the outputs have along them; so all coefficients of the training set have variance one.
    They are fields, exact on the training grid and interpolated elsewhere, and they are not trained. A sum of
    them meets homogeneous boundary conditions as the outputs do.

    Sensors and ``branch`` are those of `DeepONet`. ``PODDeepONet(...).fitted_to(samples)`` computes mean and modes;
    before, the operator cannot be applied.
    """

    about: ClassVar[About] = About("Lu et al., CMAME 393 (2022) 114778", "any", True)

    branch: Callable
    modes: Frozen | None
    on: AbstractDiscretization | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    basis: int = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 128,
        depth: int = 3,
        basis: int = 32,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        branch: Callable | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        size = {"width": width, "depth": depth, "activation": activation}
        self.source, self.target, self.on, self.basis, self.modes = source, target, on, basis, None
        self.branch = make_branch(branch, source, basis, **size, on=on, key=key)

    def fitted_to(self, samples: Sample) -> PODDeepONet:
        """With mean and modes of the targets of stacked samples, which share one grid or one set of points."""
        if not isinstance(samples.targets, Field):
            raise ArgumentError(
                "PODDeepONet gives functions and the targets are trajectories; train it on pairs of fields."
            )
        modes = Frozen(_mean_and_modes(samples.targets, self.basis))
        return eqx.tree_at(lambda model: model.modes, self, modes, is_leaf=lambda leaf: leaf is None)

    def as_function(self, u: Field) -> Expansion:
        if self.modes is None:
            raise ArgumentError("PODDeepONet has no modes yet; use what model.fitted_to(training_samples) returns.")
        b = encode(self.branch, at_sensors(self, u, self.on))
        mean_and_b = jnp.concatenate([jnp.ones_like(b[:1]), b])[None]
        trunk = FieldTrunk(jax.lax.stop_gradient(self.modes.value))
        b0 = jnp.zeros(self.target.channels, b.dtype)
        return Expansion(b=mean_and_b, trunk=trunk, b0=b0, conditions=None, u=u, space=self.target)


def _mean_and_modes(fields: Field, basis: int) -> Field:
    """The mean of stacked fields and their leading ``basis`` scaled modes, stacked: (1 + basis, *grid, c).

    With X the deviations from the mean, W the quadrature weights and U S V^T = X W^(1/2) / sqrt(n - 1), the modes
    W^(-1/2) V S are U^T X / sqrt(n - 1): no weight is divided by. Modes that n functions do not have are zero.
    """
    on = _common_place(fields)
    values = jnp.asarray(fields.values, float)
    mean = jnp.mean(values, axis=0)
    x = (values - mean) / jnp.sqrt(max(len(values) - 1, 1))
    weighted = (x * jnp.sqrt(on.weights())[..., None].astype(x.dtype)).reshape(len(x), -1)
    u, _, _ = jnp.linalg.svd(weighted, full_matrices=False)
    modes = jnp.tensordot(u[:, :basis].T, x, axes=1)
    missing = jnp.zeros((basis - len(modes), *mean.shape), mean.dtype)
    return jax.vmap(lambda v: Field(v, on, fields.space))(jnp.concatenate([mean[None], modes, missing]))


def _common_place(fields: Field) -> AbstractDiscretization:
    if not isinstance(fields.on, Points):
        return fields.on
    x: Float[Array, "n m d"] = fields.on.x
    if len(x) > 1 and not bool(jnp.all(x == x[:1])):
        raise ArgumentError(
            "PODDeepONet needs training outputs on one set of points, and each sample has its own; resample them to a grid."
        )
    return jax.tree.map(lambda leaf: leaf[0], fields.on)
