"""The parameterised neural ODE of laser ignition: a reactor whose heat source, rates and losses are learned."""

from __future__ import annotations

import dataclasses
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.equations.combustion import EXPERIMENTS, GasMixture, HeatPulse, Reactor, igniter, read_mechanism
from neuralpde.equations.combustion.thermodynamics import GAS_CONSTANT
from neuralpde.errors import ArgumentError
from neuralpde.spaces import IrregularSeries

from .answers import Answered
from .method import Method
from .parameterised import ParameterisedODE, Sensitivities
from .ranges import Between, Decades, LearnedQuantities, Positive

RANGES = {
    "absorbed": Between(0.0, 0.6, 1.2),
    "delay": Between(-5e-5, 5e-5, 2.5e-4),
    "duration": Decades(4e-5, 0.6),
    "rate": Decades(1.0, 1.5),
    "activation": Between(0.5, 1.0, 2.5),
    "conductance": Positive(1e-2),
}
"""Share of the laser's energy, s, s, factor of the rate at `MIDDLE`, factor of the activation energy, W/K."""
MIDDLE = 1200.0
"""K. Rates here do not change with the activation energy, so that the two closures are learned apart."""
LONGEST = 4e-5
"""s, the longest step: none passes over a pulse."""
LOWEST, HIGHEST = (100.0, -0.1), (1e4, 1e3)
"""K and kg/m^3, far outside of what a reactor reaches."""


class LaserReactor(eqx.Module):
    """The vector field of an `igniter` in one experiment; closures are a dictionary of `RANGES`.

    Q(t) is a Gaussian pulse of ``absorbed`` times the laser's energy, ``delay`` after it and of a ``duration``.
    """

    gas: GasMixture = eqx.field(static=True)
    experiment: Float[Array, " 6"]

    def __call__(self, t: Any, y: Float[Array, " c"], args: dict[str, Array]) -> Float[Array, " c"]:
        """Rates of temperature and densities; of trial values that are no state of a gas (`sane`) finite ones.

        An implicit step that fails is done again with a shorter one, but derivatives that run forward are taken of it as
        well, and equinox stops where they are no numbers.
        """
        rates = self.lit(args).vector_field(t, self.sane(y))
        return jnp.where(jnp.isfinite(rates), rates, 0.0)

    def sane(self, y: Float[Array, " c"]) -> Float[Array, " c"]:
        """The state itself, held to `LOWEST` and `HIGHEST`, and the initial one where it is no number."""
        lowest, highest = (jnp.full_like(y, density).at[0].set(t) for t, density in (LOWEST, HIGHEST))
        start = jnp.asarray(self.cold.initial_state(), y.dtype)
        return jnp.where(jnp.isfinite(y), jnp.clip(y, lowest, highest), start)

    @property
    def cold(self) -> Reactor:
        """Without pulse and losses."""
        return igniter(self.gas, self.experiment[EXPERIMENTS.names.index("mixture")])

    def lit(self, closures: dict[str, Array]) -> Reactor:
        """With these closures."""
        energy, _, _, _, timing, _ = self.experiment
        nominal = self.gas.kinetics.activation_energy
        activation = nominal * closures["activation"]
        return dataclasses.replace(
            self.cold,
            heat=HeatPulse(closures["absorbed"] * energy, timing + closures["delay"], closures["duration"]),
            conductance=closures["conductance"],
            rate_factor=closures["rate"] * jnp.exp((activation - nominal) / (GAS_CONSTANT * MIDDLE)),
            activation_energy=activation,
        )


class IgnitionODE(eqx.Module):
    """Temperature (1000 K) and pressure (bar) of an experiment by a `ParameterisedODE`: reactor known, closures learned.

    The experiment is told by the static covariates of a series, the parameters of
    `neuralpde.equations.combustion.EXPERIMENTS` scaled to [-1, 1]; no other part of the series is read. A model for the
    objective `neuralpde.training.Response`. mechanism: the reactions that are known but for their rates, which all get
    the same learned factors. Raises ``ArgumentError`` for other channels or covariates than these.
    """

    closures: LearnedQuantities
    method: Method
    gas: GasMixture = eqx.field(static=True)
    sensitivities: Sensitivities = eqx.field(static=True)

    def __init__(
        self,
        channels: int = 2,
        outputs: int | None = None,
        *,
        statics: int = EXPERIMENTS.dim,
        width: int = 32,
        depth: int = 2,
        mechanism: str = "methane_one_step",
        method: Method | None = None,
        sensitivities: Sensitivities = "forward",
        key: PRNGKeyArray,
    ):
        if channels != 2 or outputs not in (None, 2) or statics != EXPERIMENTS.dim:
            raise ArgumentError(
                f"IgnitionODE tells temperature and pressure from the parameters {EXPERIMENTS.names}, got {channels} "
                f"channels, {outputs} outputs and {statics} static covariates; take the dataset laser_ignition."
            )
        self.closures = LearnedQuantities(statics, RANGES, width=width, depth=depth, key=key)
        controller = diffrax.PIDController(rtol=1e-3, atol=1e-5, dtmax=LONGEST)
        default = Method(diffrax.Kvaerno3(), controller=controller, max_steps=2048, statistics=False)
        self.method = default if method is None else method
        self.gas, self.sensitivities = read_mechanism(mechanism), sensitivities

    def __call__(
        self,
        series: IrregularSeries,
        times: Float[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "time 2"]:
        """Temperature and pressure at ``times`` (s), the series' own where left out."""
        return self.answered(series, times, key).values

    def answered(
        self,
        series: IrregularSeries,
        times: Float[Array, " time"] | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Answered:
        """The call with its cost."""
        assert series.static is not None, "the parameters of the experiment are the static covariates of its series"
        scaled, times = jnp.asarray(series.static), series.times if times is None else times
        lower, extents = (jnp.asarray(part, scaled.dtype) for part in (EXPERIMENTS.lower, EXPERIMENTS.extents))
        physics = LaserReactor(self.gas, lower + (scaled + 1) / 2 * extents)
        model = ParameterisedODE(physics, self.closures, method=self.method, sensitivities=self.sensitivities)
        reactor = physics.cold
        solved = model(reactor.initial_state(), times, scaled)
        states = solved.states
        return Answered(jnp.stack([states[:, 0] / 1e3, jax.vmap(reactor.pressure)(states) / 1e5], axis=-1), solved.cost)
