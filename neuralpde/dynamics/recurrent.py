"""Recurrent networks for series with gaps: GRU-D, and networks whose state moves between the measurements."""

from __future__ import annotations

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from neuralpde.spaces import ControlPath, IrregularSeries

from .answers import Answered
from .method import Method
from .solve import solve
from .solved import Cost, total


def bare(series: IrregularSeries | ControlPath) -> IrregularSeries:
    """The series itself, without a path through it."""
    return series.series if isinstance(series, ControlPath) else series


class GRUD(eqx.Module):
    """Gated recurrent units with decay (Che, Purushotham, Cho, Sontag & Liu, Scientific Reports 8 (2018) 6085).

    A missing value is its last one, which decays to the ``mean`` of its channel; so does the state to zero. With delta
    the time since each channel was measured (`IrregularSeries.gaps`) and m the mask:

        gamma_x = exp(-max(0, w_x delta + b_x)),   x = m x + (1 - m) (gamma_x x_last + (1 - gamma_x) mean)
        gamma_h = exp(-max(0, W_h delta + b_h)),   h = GRU((x, m), gamma_h h)

    ``mean`` is zero, that of standardised channels, unless it is given. The answer is linear in the last state.
    """

    cell: eqx.nn.GRUCell
    input_rate: Float[Array, " channel"]
    input_bias: Float[Array, " channel"]
    state_decay: eqx.nn.Linear
    readout: eqx.nn.Linear
    mean: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        hidden: int = 32,
        mean: tuple[float, ...] | None = None,
        key: PRNGKeyArray,
    ):
        key_cell, key_decay, key_readout = jax.random.split(key, 3)
        self.cell = eqx.nn.GRUCell(2 * channels, hidden, key=key_cell)
        self.input_rate, self.input_bias = jnp.ones(channels), jnp.zeros(channels)
        self.state_decay = eqx.nn.Linear(channels, hidden, key=key_decay)
        self.readout = eqx.nn.Linear(hidden, outputs, key=key_readout)
        self.mean = (0.0,) * channels if mean is None else tuple(mean)

    def __call__(
        self, series: IrregularSeries | ControlPath, key: PRNGKeyArray | None = None
    ) -> Float[Array, " output"]:
        """The answer at the end of a series; ``key`` is not used."""
        series = bare(series)
        inputs, decays = self.inputs(series), self.decays(series)

        def step(h, entry):
            x, decay, belongs = entry
            return jnp.where(belongs, self.cell(x, decay * h), h), None

        h, _ = jax.lax.scan(step, jnp.zeros(self.cell.hidden_size), (inputs, decays, series.belongs))
        return self.readout(h)

    def inputs(self, series: IrregularSeries) -> Float[Array, "time features"]:
        """Values with the missing ones decayed to their mean, and the mask."""
        mean = jnp.asarray(self.mean)
        seen = jnp.cumsum(series.mask, axis=0) > 0
        last = jnp.where(seen, series.filled_forward(), mean)
        decay = jnp.exp(-jax.nn.relu(self.input_rate * series.gaps + self.input_bias))
        values = jnp.where(series.mask, last, decay * last + (1 - decay) * mean)
        return jnp.concatenate([values, series.mask.astype(values.dtype)], axis=-1)

    def decays(self, series: IrregularSeries) -> Float[Array, "time hidden"]:
        """gamma_h at each entry."""
        return jnp.exp(-jax.nn.relu(jax.vmap(self.state_decay)(series.gaps)))


class RecurrentEncoder(eqx.Module):
    """A series as one state: h' = f(h) between the entries that hold a value, h = GRU((x, m, gap), h) at these.

    The recognition network of the latent ODE (Rubanova, Chen & Duvenaud, NeurIPS 2019). Missing values are zero in x,
    and m is the mask. Without ``evolve`` the state waits between entries (GRU-dt).
    """

    cell: eqx.nn.GRUCell
    field: eqx.nn.MLP | None
    method: Method

    def __init__(
        self,
        channels: int,
        hidden: int,
        *,
        width: int = 32,
        depth: int = 1,
        evolve: bool = True,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        key_cell, key_field = jax.random.split(key)
        self.cell = eqx.nn.GRUCell(2 * channels + 1, hidden, key=key_cell)
        network = lambda: eqx.nn.MLP(hidden, hidden, width, depth, jax.nn.softplus, jnp.tanh, key=key_field)
        self.field = network() if evolve else None
        self.method = Method(diffrax.Heun(), substeps=1, statistics=False) if method is None else method

    def __call__(self, series: IrregularSeries, backward: bool = False) -> Float[Array, " hidden"]:
        """The state at the end of a series, or at its beginning where it is read ``backward``."""
        return self.read(series, backward)[0]

    def read(self, series: IrregularSeries, backward: bool = False) -> tuple[Float[Array, " hidden"], Cost | None]:
        """The call with the cost of moving between the entries, None where the state waits."""
        values = jnp.where(series.mask, series.values, 0)
        gaps = jnp.diff(series.times) * series.belongs[1:]
        gaps = jnp.append(gaps, 0) if backward else jnp.append(jnp.zeros_like(gaps[:1]), gaps)

        def step(h: Float[Array, " hidden"], entry) -> tuple[Float[Array, " hidden"], Cost | None]:
            x, mask, gap = entry
            moved, cost = self._moved(h, gap)
            return self._measured(moved, x, mask, gap), cost

        start = jnp.zeros(self.cell.hidden_size, values.dtype)
        h, costs = jax.lax.scan(step, start, (values, series.mask, gaps), reverse=backward)
        return h, None if costs is None else total(costs)

    def _moved(self, h: Float[Array, " hidden"], gap: Float[Array, ""]) -> tuple[Float[Array, " hidden"], Cost | None]:
        if self.field is None:
            return h, None
        field = self.field
        solved = solve(lambda s, h, gap: gap * field(h), h, (0.0, 1.0), self.method, args=gap)
        return solved.last, solved.cost

    def _measured(
        self,
        h: Float[Array, " hidden"],
        x: Float[Array, " channel"],
        mask: Bool[Array, " channel"],
        gap: Float[Array, ""],
    ) -> Float[Array, " hidden"]:
        told = self.cell(jnp.concatenate([x, mask.astype(x.dtype), gap[None]]), h)
        return jnp.where(jnp.any(mask), told, h)


class ODERNN(eqx.Module):
    """The state of a `RecurrentEncoder` at the end of a series, and an answer that is linear in it.

    Without ``evolve`` a plain GRU that is told the length of the gaps.
    """

    encoder: RecurrentEncoder
    readout: eqx.nn.Linear

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        hidden: int = 32,
        width: int = 32,
        depth: int = 1,
        evolve: bool = True,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        key_encoder, key_readout = jax.random.split(key)
        options = {"width": width, "depth": depth, "evolve": evolve, "method": method}
        self.encoder = RecurrentEncoder(channels, hidden, **options, key=key_encoder)
        self.readout = eqx.nn.Linear(hidden, outputs, key=key_readout)

    def __call__(
        self, series: IrregularSeries | ControlPath, key: PRNGKeyArray | None = None
    ) -> Float[Array, " output"]:
        """The answer at the end of a series; ``key`` is not used."""
        return self.answered(series, key).values

    def answered(self, series: IrregularSeries | ControlPath, key: PRNGKeyArray | None = None) -> Answered:
        """The call with its cost."""
        state, cost = self.encoder.read(bare(series))
        return Answered(self.readout(state), cost)
