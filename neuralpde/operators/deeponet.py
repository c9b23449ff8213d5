"""DeepONet: a branch net reads the input function at sensors, a trunk net spans the output functions.

Lu, Jin, Pang, Zhang, Karniadakis, Nature Machine Intelligence 3 (2021) 218, equation 2 and figure 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import PeriodicFeatures, Stacked, mlp
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace

from .about import About
from .branch_trunk import (
    AbstractDeepONet,
    Conditions,
    Expansion,
    NetworkTrunk,
    at_sensors,
    encode,
    make_branch,
    trunk_features,
)
from .exact_conditions import ExactConditions

STRATEGIES = ("split_both", "independent", "split_branch", "split_trunk")


class DeepONet(AbstractDeepONet):
    """``G(u)(y) = sum_k b_k(u(x_1), ..., u(x_m)) t_k(y) + b_0`` with p = ``basis`` terms a component: unstacked.

    ``on`` holds the sensors x_1..x_m; an input sampled elsewhere is resampled there. The branch's output is linear,
    the trunk's last layer is activated, b_0 starts at zero. Coordinates are normalised to [-1, 1]; on periodic axes
    the trunk sees ``harmonics`` of their cosines and sines, so its functions are exactly periodic.

    ``strategy`` says what the c components of a target share; the nets give arrays of these shapes:

    - ``split_both``: one branch net (c, p) and one trunk net (c, p);
    - ``independent``: c branch nets (p) and c trunk nets (p), nothing shared;
    - ``split_branch``: one branch net (c, p), one trunk net (p) for all components;
    - ``split_trunk``: one branch net (p) for all components, one trunk net (c, p).

    ``branch`` may be any network from the m sensor values (times the channels, one after the other) to these numbers
    in a row, an encoder of the field (`ConvolutionalEncoder`, `ProjectedOperator`), or a constructor (a class or
    a partial) that is completed as ``branch(source, terms, on=on, key=key)``; an encoder that reads any grid needs no
    ``on``. ``trunk`` may be any network from the features of a point. ``conditions`` makes boundary and initial values exact:
    `ExactConditions`, or a partial of it.

    Queries: under ``vmap`` over functions an unbatched ``at`` is shared, and the trunk is evaluated once for all of
    them; a batched ``at`` (`Points` with a leading axis) gives each function its own queries.
    """

    about: ClassVar[About] = About("Lu et al., Nature Machine Intelligence 3 (2021) 218", "any", True)

    branch: Callable
    trunk: Callable[[Float[Array, " f"]], Array]
    b0: Float[Array, " c"]
    on: AbstractDiscretization | None
    conditions: ExactConditions | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    strategy: str = eqx.field(static=True)
    features: PeriodicFeatures = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 128,
        depth: int = 3,
        basis: int = 128,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        strategy: str = "split_both",
        harmonics: int = 1,
        branch: Callable | None = None,
        trunk: Callable | None = None,
        conditions: Conditions | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        if strategy not in STRATEGIES:
            raise ArgumentError(f"strategy={strategy!r} is unknown; choose one of {', '.join(STRATEGIES)}.")
        key_branch, key_trunk = jax.random.split(key)
        size = {"width": width, "depth": depth, "activation": activation}
        self.source, self.target, self.on, self.strategy = source, target, on, strategy
        self.features = trunk_features(target, harmonics)
        self.conditions = None if conditions is None else conditions(target)
        self.b0 = jnp.zeros(target.channels)

        def one_branch(terms: int, key: PRNGKeyArray) -> Callable:
            return make_branch(branch, source, terms, **size, on=on, key=key)

        def one_trunk(terms: int, key: PRNGKeyArray) -> Callable:
            return mlp(self.features.size, terms, **size, final_activation=activation, key=key)

        components = target.channels
        if strategy == "independent":
            self.branch = Stacked(lambda k: one_branch(basis, k), components, key=key_branch)
            self.trunk = trunk or Stacked(lambda k: one_trunk(basis, k), components, key=key_trunk)
        else:
            self.branch = one_branch(basis * (1 if strategy == "split_trunk" else components), key_branch)
            self.trunk = trunk or one_trunk(basis * (1 if strategy == "split_branch" else components), key_trunk)

    def as_function(self, u: Field) -> Expansion:
        sensed = at_sensors(self, u, self.on)
        components = self.target.channels
        b = encode(self.branch, sensed).reshape(1 if self.strategy == "split_trunk" else components, -1)
        trunk = NetworkTrunk(self.trunk, self.features, 1 if self.strategy == "split_branch" else components)
        return Expansion(b=b, trunk=trunk, b0=self.b0, conditions=self.conditions, u=u, space=self.target)


class StackedDeepONet(AbstractDeepONet):
    """``G(u)(y) = sum_k b_k(u(x_1), ..., u(x_m)) t_k(y) + b_0`` with a branch net of its own for every b_k: stacked.

    The ``basis`` branch nets a component have the hidden width ``branch_width`` and are one stack of weights; the
    trunk is one net of ``width``. Sensors, features, conditions and queries are those of `DeepONet`.
    """

    about: ClassVar[About] = DeepONet.about

    branches: Stacked
    trunk: eqx.nn.MLP
    b0: Float[Array, " c"]
    on: AbstractDiscretization | None
    conditions: ExactConditions | None
    source: FunctionSpace = eqx.field(static=True)
    target: FunctionSpace = eqx.field(static=True)
    features: PeriodicFeatures = eqx.field(static=True)

    def __init__(
        self,
        source: FunctionSpace,
        target: FunctionSpace,
        *,
        width: int = 128,
        depth: int = 3,
        basis: int = 128,
        branch_width: int = 16,
        branch_depth: int = 1,
        activation: Callable[[Array], Array] = jax.nn.gelu,
        harmonics: int = 1,
        conditions: Conditions | None = None,
        on: AbstractDiscretization | None = None,
        key: PRNGKeyArray,
    ):
        key_branch, key_trunk = jax.random.split(key)
        terms = basis * target.channels
        self.source, self.target, self.on = source, target, on
        self.features = trunk_features(target, harmonics)
        self.conditions = None if conditions is None else conditions(target)
        self.b0 = jnp.zeros(target.channels)
        size = {"width": branch_width, "depth": branch_depth, "activation": activation}
        self.branches = Stacked(lambda k: make_branch(None, source, 1, **size, on=on, key=k), terms, key=key_branch)
        size = {"width": width, "depth": depth, "activation": activation}
        self.trunk = mlp(self.features.size, terms, **size, final_activation=activation, key=key_trunk)

    def as_function(self, u: Field) -> Expansion:
        b = encode(self.branches, at_sensors(self, u, self.on)).reshape(self.target.channels, -1)
        trunk = NetworkTrunk(self.trunk, self.features, self.target.channels)
        return Expansion(b=b, trunk=trunk, b0=self.b0, conditions=self.conditions, u=u, space=self.target)
