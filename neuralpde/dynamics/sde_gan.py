"""Neural SDEs as generators of paths, judged by neural CDEs (Kidger, Foster, Li & Lyons, ICML 2021 and NeurIPS 2021)."""

from __future__ import annotations

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.nn import mlp

from .method import Method
from .solve_sde import solve_sde
from .times import Times

STEPS = Method(diffrax.ReversibleHeun(), substeps=1)
"""One step between two times: the grid of the data is a part of the model."""


def lipswish(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """``0.909 x sigmoid(x)``: swish with a Lipschitz constant of one (Chen et al., NeurIPS 2019)."""
    return 0.909 * jax.nn.silu(x)


class _Field(eqx.Module):
    """A tanh-ended network of time and state, times a trained scale, as a vector or a matrix."""

    network: eqx.nn.MLP
    scale: Float[Array, " o"] | None
    columns: int | None = eqx.field(static=True)

    def __init__(self, hidden: int, columns: int | None, width: int, depth: int, scaled: bool, *, key: PRNGKeyArray):
        outputs = hidden * (columns or 1)
        options = {"width": width, "depth": depth, "activation": lipswish, "final_activation": jnp.tanh}
        self.network = mlp(hidden + 1, outputs, key=key, **options)
        self.scale, self.columns = jnp.ones(outputs) if scaled else None, columns

    def __call__(self, t: Any, y: Float[Array, " hidden"], args: Any) -> Float[Array, "*hidden_columns"]:
        found = self.network(jnp.append(y, t))
        found = found if self.scale is None else self.scale * found
        return found if self.columns is None else found.reshape(-1, self.columns)


class SDEGenerator(eqx.Module):
    """``x(0) = zeta(v), dx = mu(t, x) dt + sigma(t, x) o dW, y = A x + b`` with v normal: paths y from noise.

    Stratonovich's integral; sigma is a matrix with ``noise`` columns. zeta, mu and sigma have ``depth`` hidden layers of
    ``width`` with `lipswish`; mu and sigma end in a tanh with a trained scale. Time should be of order one.
    """

    zeta: eqx.nn.MLP
    mu: _Field
    sigma: _Field
    readout: eqx.nn.Linear
    initial_noise: int = eqx.field(static=True)

    def __init__(
        self,
        components: int,
        *,
        hidden: int = 16,
        initial_noise: int = 5,
        noise: int = 3,
        width: int = 16,
        depth: int = 1,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 4)
        self.zeta = mlp(initial_noise, hidden, width=width, depth=depth, activation=lipswish, key=keys[0])
        self.mu = _Field(hidden, None, width, depth, True, key=keys[1])
        self.sigma = _Field(hidden, noise, width, depth, True, key=keys[2])
        self.readout = eqx.nn.Linear(hidden, components, key=keys[3])
        self.initial_noise = initial_noise

    def __call__(self, times: Times, method: Method = STEPS, *, key: PRNGKeyArray) -> Float[Array, "time c"]:
        """One path at the ``times``."""
        key_initial, key_path = jax.random.split(key)
        x0 = self.zeta(jax.random.normal(key_initial, (self.initial_noise,), self.readout.weight.dtype))
        states = solve_sde(self.mu, self.sigma, x0, times, method, key=key_path).states
        return jax.vmap(self.readout)(states)


class CDEDiscriminator(eqx.Module):
    """``h(0) = xi(y(0)), dh = f(t, h) dt + g(t, h) o dY``, score = m . (h(0) + h(T)) + c of a path y.

    Y is linear between the values of y. Its networks are those of `SDEGenerator` without scales; with weights kept
    small by `clipped` the score is Lipschitz in the path, whatever its values and its length.
    """

    xi: eqx.nn.MLP
    f: _Field
    g: _Field
    readout: eqx.nn.Linear

    def __init__(self, components: int, *, hidden: int = 16, width: int = 16, depth: int = 1, key: PRNGKeyArray):
        keys = jax.random.split(key, 4)
        self.xi = mlp(components + 1, hidden, width=width, depth=depth, activation=lipswish, key=keys[0])
        self.f = _Field(hidden, None, width, depth, False, key=keys[1])
        self.g = _Field(hidden, components, width, depth, False, key=keys[2])
        self.readout = eqx.nn.Linear(hidden, 1, key=keys[3])

    def __call__(self, times: Times, path: Float[Array, "time c"], method: Method = STEPS) -> Float[Array, ""]:
        """The score of one path at the ``times``."""
        instants = jnp.asarray(times, path.dtype)
        control = diffrax.LinearInterpolation(instants, path)
        h0 = self.xi(jnp.append(path[0], instants[0]))
        # The path is given: there is nothing to draw.
        unused = jax.random.key(0)
        h = solve_sde(self.f, self.g, h0, times, method, key=unused, path=control).last
        return self.readout(h0 + h)[0]


def clipped(network: Any) -> Any:
    """The same module with the weights of each linear map R^i -> R^o moved into [-1/o, 1/o]: none lengthens a vector,
    measured by the sum of its absolute entries. A projection, for `neuralpde.training.projected`.
    """

    def clip(part: Any) -> Any:
        if not isinstance(part, eqx.nn.Linear):
            return part
        limit = 1 / part.weight.shape[-2]
        return eqx.tree_at(lambda linear: linear.weight, part, jnp.clip(part.weight, -limit, limit))

    return jax.tree.map(clip, network, is_leaf=lambda part: isinstance(part, eqx.nn.Linear))
