"""POD-DeepONet: the trunk is not trained but made of the leading modes of the training outputs.

Lu, Meng, Cai, Mao, Goswami, Zhang, Karniadakis, CMAME 393 (2022) 114778, section 3.1.2. Reading the input by its principal
components too is the reduction of Bhattacharya, Hosseini, Kovachki, Stuart, SMAI J. Comput. Math. 7 (2021) 121.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import Frozen, mlp
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

    Sensors and ``branch`` are those of `DeepONet`. With ``components`` the branch reads, instead of the sensors, that many
    principal components of the training inputs, scaled to variance one; with ``depth=0`` it is then linear, and a
    linear operator is learned to round-off. ``PODDeepONet(...).fitted_to(samples)`` computes means, modes and
    components; before, the operator cannot be applied.

    Raises ``ValueError`` where both ``branch`` and ``components`` are given.
    """

    about: ClassVar[About] = About("Lu et al., CMAME 393 (2022) 114778", "any", True)

    branch: Callable
    modes: Frozen | None
    inputs: Frozen | None
    on: AbstractDiscretization | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    basis: int = eqx.field(static=True)
    components: int | None = eqx.field(static=True)

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
        components: int | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        size = {"width": width, "depth": depth, "activation": activation}
        self.source, self.target, self.on, self.basis, self.components = source, target, on, basis, components
        self.modes = self.inputs = None
        if components is None:
            self.branch = make_branch(branch, source, basis, **size, on=on, key=key)
        elif branch is None:
            self.branch = mlp(components, basis, **size, key=key)
        else:
            raise ArgumentError("PODDeepONet takes a branch, which reads the sensors, or components; got both.")

    def fitted_to(self, samples: Sample) -> PODDeepONet:
        """With mean and modes of the targets of stacked samples, which share one grid or one set of points, and the
        components of their inputs where these are read."""
        if not isinstance(samples.targets, Field):
            raise ArgumentError(
                "PODDeepONet gives functions and the targets are trajectories; train it on pairs of fields."
            )
        fitted = [Frozen(_mean_and_modes(samples.targets, self.basis)), self.inputs]
        if self.components is not None:
            sensed = jax.vmap(lambda u: at_sensors(self, u, self.on))(samples.inputs)
            fitted[1] = Frozen(_principal_components(sensed, self.components))
        return eqx.tree_at(lambda m: (m.modes, m.inputs), self, fitted, is_leaf=lambda leaf: leaf is None)

    def as_function(self, u: Field) -> Expansion:
        if self.modes is None:
            raise ArgumentError("PODDeepONet has no modes yet; use what model.fitted_to(training_samples) returns.")
        b = self._coefficients(at_sensors(self, u, self.on))
        mean_and_b = jnp.concatenate([jnp.ones_like(b[:1]), b])[None]
        trunk = FieldTrunk(jax.lax.stop_gradient(self.modes.value))
        b0 = jnp.zeros(self.target.channels, b.dtype)
        return Expansion(b=mean_and_b, trunk=trunk, b0=b0, conditions=None, u=u, space=self.target)

    def _coefficients(self, sensed: Field) -> Float[Array, " basis"]:
        if self.inputs is None:
            return encode(self.branch, sensed)
        mean, E = jax.lax.stop_gradient(self.inputs.value)
        return self.branch(E.astype(sensed.values.dtype) @ (sensed.values.reshape(-1) - mean))


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


def _principal_components(fields: Field, count: int) -> tuple[Float[Array, " sensors"], Float[Array, "count sensors"]]:
    """Mean m of stacked fields, and E with rows ``w^(1/2) V_k / S_k``: ``E (u - m)`` has variance one and no correlations.

    U S V^T is that of `_mean_and_modes`. Rows of components that the fields do not have, to single precision, are zero.
    """
    on = _common_place(fields)
    values = jnp.asarray(fields.values, float)
    x = values.reshape(len(values), -1)
    mean = jnp.mean(x, axis=0)
    root = jnp.sqrt(jnp.repeat(on.weights().reshape(-1), values.shape[-1])).astype(x.dtype)
    _, s, v = jnp.linalg.svd((x - mean) * root / jnp.sqrt(max(len(x) - 1, 1)), full_matrices=False)
    s, v = s[:count], v[:count]
    present = s > 1e-6 * s[0]
    E = jnp.where(present[:, None], v * root / jnp.where(present, s, 1)[:, None], 0)
    return mean, jnp.pad(E, ((0, count - len(E)), (0, 0)))


def _common_place(fields: Field) -> AbstractDiscretization:
    if not isinstance(fields.on, Points):
        return fields.on
    x: Float[Array, "n m d"] = fields.on.x
    if len(x) > 1 and not bool(jnp.all(x == x[:1])):
        raise ArgumentError(
            "PODDeepONet needs training outputs on one set of points, and each sample has its own; resample them to a grid."
        )
    return jax.tree.map(lambda leaf: leaf[0], fields.on)
