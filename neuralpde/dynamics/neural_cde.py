"""Neural controlled differential equations: a series drives a hidden state."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import ControlPath, IrregularSeries, control_path

from .answers import Answered
from .log_signature import log_signature_path, log_signature_size
from .method import Method
from .piecewise import solve_pieces
from .solve import solve
from .solved import Solved


class NeuralCDE(eqx.Module):
    """dz = f(z) dX,  z(t_0) = zeta(X(t_0), static),  answer = linear(z) at the end of the series.

    f maps a state to a matrix (hidden, channels of X) and ends in tanh; zeta is a network, without which no answer would
    change when X is moved as a whole (Kidger, Morrill, Foster & Lyons, NeurIPS 2020). X is the path of `control_path`
    through the series, time among its channels. With ``window`` the equation is driven by the log-signatures of so many
    pieces each (`log_signature_path`): long series in few steps.

    - ``channels``, ``outputs``, ``statics``: of the series, of the answer, of the covariates that do not change.
    - ``hidden``, ``width``, ``depth``: of z, and of the networks f and zeta.
    - ``path``, ``counts``: of `control_path`, where a bare series is given.
    - ``method``: steps adapted to 1e-3 where left out, for a path that is not smooth those of each piece.
    """

    initial: eqx.nn.MLP
    field: eqx.nn.MLP
    readout: eqx.nn.Linear
    method: Method
    channels: int = eqx.field(static=True)
    path: str = eqx.field(static=True)
    counts: bool = eqx.field(static=True)
    window: int | None = eqx.field(static=True)
    signature: int = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        statics: int = 0,
        hidden: int = 8,
        width: int = 128,
        depth: int = 1,
        path: str = "hermite",
        counts: bool = False,
        window: int | None = None,
        signature: int = 2,
        activation: Callable = jax.nn.gelu,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        controls = 1 + channels + (channels if counts else 0)
        driven = controls if window is None else log_signature_size(controls, signature)
        key_initial, key_field, key_readout = jax.random.split(key, 3)
        self.initial = eqx.nn.MLP(controls + statics, hidden, width, depth, activation, key=key_initial)
        self.field = eqx.nn.MLP(hidden, hidden * driven, width, depth, activation, jnp.tanh, key=key_field)
        self.readout = eqx.nn.Linear(hidden, outputs, key=key_readout)
        self.method = Method() if method is None else method
        self.channels, self.path, self.counts = controls, path, counts
        self.window, self.signature = window, signature

    def __call__(
        self, series: IrregularSeries | ControlPath, key: PRNGKeyArray | None = None
    ) -> Float[Array, " output"]:
        """The answer at the end of a series, or of the path through one; ``key`` is not used."""
        return self.answered(series, key).values

    def answered(self, series: IrregularSeries | ControlPath, key: PRNGKeyArray | None = None) -> Answered:
        """The call with its cost."""
        path = self.driving(series)
        if path.smooth and self.method.adaptive:
            ends = jnp.stack([path.knots[0], path.knots[path.last]])
            solved = solve(self.vector_field, self.start(path), ends, self.method, args=path)
            return Answered(self.readout(solved.last), solved.cost)
        solved = self.solve(path)
        return Answered(self.readout(solved.states[path.last]), solved.cost)

    def online(self, series: IrregularSeries | ControlPath) -> Float[Array, "time output"]:
        """The answer at every entry of the series, knowing what was measured up to it.

        Raises `ArgumentError` with windows, and for a path that looks ahead: where values are missing all but the
        rectilinear one go to the next value.
        """
        path = self.driving(series)
        if self.window is not None or path.smooth or len(path.knots) == len(path.series):
            raise ArgumentError('Answers in real time need path="rectilinear" and no windows.')
        return jax.vmap(self.readout)(self.solve(path).states[::2])

    def solve(self, path: ControlPath) -> Solved:
        """States z (knot, hidden) at the knots of a path that drives the equation."""
        if path.smooth:
            return solve(self.vector_field, self.start(path), path.knots, self.method, args=path)
        return solve_pieces(self.vector_field, self.start(path), path, self.method)

    def driving(self, series: IrregularSeries | ControlPath) -> ControlPath:
        """The path that drives the equation: that through a series, or its log-signatures."""
        path = series if isinstance(series, ControlPath) else control_path(series, self.path, self.counts)
        if path.channels != self.channels:
            raise ArgumentError(
                f"NeuralCDE was built for paths of {self.channels} channels, time among them, got {path.channels}; make "
                f"the path with counts={self.counts}, or build the model for the channels of this series."
            )
        return path if self.window is None else log_signature_path(path, self.window, self.signature)

    def start(self, path: ControlPath) -> Float[Array, " hidden"]:
        """zeta of the first value of the path and of the static covariates."""
        first, static = path.pieces.a[0, : self.channels], path.series.static
        return self.initial(first if static is None else jnp.concatenate([first, static]))

    def vector_field(self, t: Float[Array, ""], z: Float[Array, " hidden"], args) -> Float[Array, " hidden"]:
        """f(z) dX/dt; ``args`` is the path, or its constant rate on one of its pieces."""
        rate = args.derivative(t) if isinstance(args, ControlPath) else args
        return self.field(z).reshape(z.size, -1) @ rate
