"""Linear state space layers: one network that is recurrent, convolutional and continuous in time.

Gu, Johnson, Goel, Saab, Dao, Rudra & Ré, "Combining recurrent, convolutional and continuous-time models with linear
state-space layers", NeurIPS 2021, arXiv 2110.13985.
"""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.nn import ChannelNorm, Frozen, Pointwise
from neuralpde.spaces import ControlPath, IrregularSeries

from .hippo import hippo_legs
from .recurrent import bare
from .state_space import causal_convolution, generalized_bilinear, krylov


class StateSpace(eqx.Module):
    """A (n, n) and B (n,) of x' = A x + B u, and the logarithms of the steps of time of each feature."""

    A: Float[Array, "n n"]
    B: Float[Array, " n"]
    log_dt: Float[Array, " h"]

    def steps(self, alpha: float) -> tuple[Float[Array, "h n n"], Float[Array, "h n"]]:
        """A' and B' of each feature; see `generalized_bilinear`."""
        return jax.vmap(lambda dt: generalized_bilinear(self.A, self.B, dt, alpha))(jnp.exp(self.log_dt))


class LSSL(eqx.Module):
    """x' = A x + B u,  y = C x + D u  for each of ``features`` inputs u, with ``copies`` outputs y a feature.

    A and B begin as those of `hippo_legs`, a memory of all the past by ``order`` polynomials; features share them and
    have their own step dt, drawn log-uniformly from ``dt``, so that they look back 1 / dt entries. ``trained`` says
    whether A, B and dt are trained along with C and D (LSSL) or stay as they are (LSSL-fixed). ``alpha``: of
    `generalized_bilinear`.

    Called it is a convolution by the kernel C A'^i B', `recurrent` makes the same numbers step by step. In single
    precision a kernel of 1024 entries is true to 4e-6 of its largest one for ``order`` up to 64, to 1e-5 at 128. Above
    that the powers of A', which is far from normal, lose what the kernel is made of, in double precision, too.
    """

    system: StateSpace | Frozen
    C: Float[Array, "h copy n"]
    D: Float[Array, "h copy"]
    alpha: float = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        *,
        order: int = 32,
        copies: int = 1,
        dt: tuple[float, float] = (1e-3, 1e-1),
        trained: bool = True,
        alpha: float = 0.5,
        key: PRNGKeyArray,
    ):
        if not 0 < dt[0] <= dt[1] or not 0 <= alpha <= 1:
            raise ArgumentError(f"LSSL: steps of time are positive and alpha is in [0, 1], got dt={dt}, alpha={alpha}.")
        key_dt, key_C, key_D = jax.random.split(key, 3)
        low, high = math.log(dt[0]), math.log(dt[1])
        log_dt = jax.random.uniform(key_dt, (features,), minval=low, maxval=high)
        system = StateSpace(*(jnp.asarray(m, log_dt.dtype) for m in hippo_legs(order)), log_dt)
        self.system = system if trained else Frozen(system)
        self.C = jax.random.normal(key_C, (features, copies, order))
        self.D = jax.random.normal(key_D, (features, copies))
        self.alpha = alpha

    def __call__(self, u: Float[Array, "time h"]) -> Float[Array, "time h copy"]:
        y = causal_convolution(self.kernel(len(u)), u.T[:, None])
        return jnp.moveaxis(y, -1, 0) + u[..., None] * self.D

    def kernel(self, length: int) -> Float[Array, "h copy time"]:
        """C A'^i B' for i < length."""
        A, B = self.state_space.steps(self.alpha)
        return self.C @ jax.vmap(lambda A, B: krylov(A, B, length))(A, B)

    def recurrent(self, u: Float[Array, "time h"]) -> Float[Array, "time h copy"]:
        """The same by steps ``x_k = A' x_k-1 + B' u_k`` from x = 0, which need no memory of the series."""
        A, B = self.state_space.steps(self.alpha)

        def step(x, u):
            x = jnp.einsum("hij,hj->hi", A, x) + B * u[:, None]
            return x, jnp.einsum("hmn,hn->hm", self.C, x) + u[:, None] * self.D

        return jax.lax.scan(step, jnp.zeros_like(B), u)[1]

    @property
    def state_space(self) -> StateSpace:
        """A, B and dt, trained or not."""
        return self.system.value if isinstance(self.system, Frozen) else self.system


class LSSLBlock(eqx.Module):
    """LayerNorm(u + linear(GELU(LSSL(u)))), the linear map from features times copies to features at each time."""

    layer: LSSL
    mix: Pointwise
    norm: ChannelNorm

    def __init__(self, features: int, *, copies: int = 1, key: PRNGKeyArray, **options):
        key_layer, key_mix = jax.random.split(key)
        self.layer = LSSL(features, copies=copies, key=key_layer, **options)
        self.mix = Pointwise(features * copies, features, key=key_mix)
        self.norm = ChannelNorm(features)

    def __call__(self, u: Float[Array, "time h"], recurrent: bool = False) -> Float[Array, "time h"]:
        y = self.layer.recurrent(u) if recurrent else self.layer(u)
        return self.norm(u + self.mix(jax.nn.gelu(y).reshape(len(u), -1)))


class LSSLNetwork(eqx.Module):
    """An answer from the mean over time of ``depth`` blocks of ``hidden`` features, for series at equal distances.

    The entries are its steps of time, whatever the times. A missing value is its last one, and the mask is an input
    like the values; what is padding counts for nothing. ``order``, ``copies``, ``dt``, ``trained``: of `LSSL`.
    """

    embed: Pointwise
    blocks: tuple[LSSLBlock, ...]
    readout: eqx.nn.Linear

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        hidden: int = 32,
        depth: int = 2,
        order: int = 32,
        copies: int = 1,
        dt: tuple[float, float] = (1e-3, 1e-1),
        trained: bool = True,
        key: PRNGKeyArray,
    ):
        key_embed, key_readout, *keys = jax.random.split(key, depth + 2)
        self.embed = Pointwise(2 * channels, hidden, key=key_embed)
        options = {"order": order, "copies": copies, "dt": dt, "trained": trained}
        self.blocks = tuple(LSSLBlock(hidden, key=k, **options) for k in keys)
        self.readout = eqx.nn.Linear(hidden, outputs, key=key_readout)

    def __call__(
        self, series: IrregularSeries | ControlPath, key: PRNGKeyArray | None = None
    ) -> Float[Array, " output"]:
        """The answer for a whole series; ``key`` is not used."""
        series = bare(series)
        counted = series.belongs[:, None]
        return self.readout(jnp.sum(self.features(series), axis=0, where=counted) / jnp.sum(counted))

    def online(self, series: IrregularSeries | ControlPath) -> Float[Array, "time output"]:
        """The answer at every entry knowing what was measured up to it, step by step."""
        features = self.features(bare(series), recurrent=True)
        means = jnp.cumsum(features, axis=0) / jnp.arange(1, len(features) + 1)[:, None]
        return jax.vmap(self.readout)(means)

    def features(self, series: IrregularSeries, recurrent: bool = False) -> Float[Array, "time hidden"]:
        """The last block's features at every entry, by convolutions or step by step."""
        values = series.filled_forward()
        x = self.embed(jnp.concatenate([values, series.mask.astype(values.dtype)], axis=-1))
        for block in self.blocks:
            x = block(x, recurrent)
        return x
