"""Neural SDEs that are stable by their form, driven by the path through a series.

Oh, Lim & Kim, "Stable neural stochastic differential equations in analyzing irregular time series data", ICLR 2024.
"""

from __future__ import annotations

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.errors import ArgumentError
from neuralpde.spaces import ControlPath, IrregularSeries, control_path

from .answers import Answered
from .method import Method
from .solve_sde import solve_sde
from .solved import Solved

FORMS = ("langevin", "linear_noise", "geometric", "naive")


class StableSDE(eqx.Module):
    """A hidden state that a series X(t) moves, with noise (Ito, one Brownian motion a component); z(t_0) = linear(X(t_0)).

    - ``langevin`` (LSDE):      dz = gamma(z, X) dt + sigma(t) dW
    - ``linear_noise`` (LNSDE): dz = gamma(t, z, X) dt + sigma(t) z dW
    - ``geometric`` (GSDE):     dz = z (gamma(t, z, X) dt + sigma(t) dW), z > 0, solved for s = log z, which is what
      networks and answer see: ds = (gamma - sigma^2 / 2) dt + sigma dW
    - ``naive``:                dz = f(t, z) dt + g(t, z) dW, which sees the series in z(t_0) alone

    gamma, f and g are networks that end in tanh, of ``depth`` hidden layers of the size of the state; of the time they
    see sin t and cos t. sigma = tanh(relu(MLP(sin t, cos t))) is in [0, 1): unlike the published code, which bounds the
    product of sigma and z, the noise stays linear in z. The answer is a network of one hidden layer of z at the end.

    Euler and Maruyama's steps, ``method.substeps`` between each two entries of the series.
    """

    initial: eqx.nn.Linear
    of_state: eqx.nn.Linear
    of_control: eqx.nn.Linear
    drift_network: eqx.nn.MLP
    noise_network: eqx.nn.MLP
    readout: eqx.nn.MLP
    method: Method
    form: str = eqx.field(static=True)
    path: str = eqx.field(static=True)
    counts: bool = eqx.field(static=True)

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        form: str,
        statics: int = 0,
        hidden: int = 32,
        depth: int = 1,
        path: str = "hermite",
        counts: bool = False,
        method: Method | None = None,
        key: PRNGKeyArray,
    ):
        if form not in FORMS or path == "rectilinear":
            raise ArgumentError(
                f"StableSDE has the forms {', '.join(FORMS)} and a path in time (hermite or linear), got form={form!r} and "
                f"path={path!r}."
            )
        keys = jax.random.split(key, 6)
        controls = 1 + channels + (channels if counts else 0)
        naive = form == "naive"
        self.initial = eqx.nn.Linear(controls + statics, hidden, key=keys[0])
        self.of_state = eqx.nn.Linear(hidden + 2, hidden, key=keys[1])
        self.of_control = eqx.nn.Linear(controls, hidden, key=keys[2])
        network = lambda size, ends, key: eqx.nn.MLP(size, hidden, hidden, depth, jax.nn.relu, ends, key=key)
        self.drift_network = network(hidden if naive else 2 * hidden, jnp.tanh, keys[3])
        self.noise_network = network(hidden if naive else 2, jnp.tanh if naive else _bounded, keys[4])
        self.readout = eqx.nn.MLP(hidden, outputs, hidden, 1, key=keys[5])
        self.method = Method(diffrax.Euler(), substeps=1, statistics=False) if method is None else method
        self.form, self.path, self.counts = form, path, counts

    def __call__(self, series: IrregularSeries | ControlPath, key: PRNGKeyArray) -> Float[Array, " output"]:
        """The answer at the end of a series, on the path of the noise of ``key``."""
        return self.answered(series, key).values

    def answered(self, series: IrregularSeries | ControlPath, key: PRNGKeyArray) -> Answered:
        """The call with its cost."""
        path = self.driving(series)
        solved = self.solve(path, key)
        return Answered(self.readout(solved.states[path.last]), solved.cost)

    def solve(self, path: ControlPath, key: PRNGKeyArray) -> Solved:
        """States (time, hidden) at the entries of the series; of the geometric form their logarithms."""
        return solve_sde(self.drift, self.diffusion, self.start(path), path.knots, self.method, key=key, args=path)

    def driving(self, series: IrregularSeries | ControlPath) -> ControlPath:
        """The path through a series."""
        return series if isinstance(series, ControlPath) else control_path(series, self.path, self.counts)

    def start(self, path: ControlPath) -> Float[Array, " hidden"]:
        """z(t_0), of the geometric form its logarithm."""
        static = path.series.static
        first = path.pieces.a[0]
        return self.initial(first if static is None else jnp.concatenate([first, static]))

    def drift(self, t: Float[Array, ""], z: Float[Array, " hidden"], path: ControlPath) -> Float[Array, " hidden"]:
        """What stands before dt."""
        seen = self._seen(t, z)
        if self.form == "naive":
            return self.drift_network(seen)
        gamma = self.drift_network(jnp.concatenate([seen, self.of_control(path.evaluate(t))]))
        return gamma - 0.5 * self._sigma(t) ** 2 if self.form == "geometric" else gamma

    def diffusion(self, t: Float[Array, ""], z: Float[Array, " hidden"], path: ControlPath) -> Float[Array, " hidden"]:
        """What stands before dW."""
        if self.form == "naive":
            return self.noise_network(self._seen(t, z))
        return self._sigma(t) * z if self.form == "linear_noise" else self._sigma(t)

    def _seen(self, t: Float[Array, ""], z: Float[Array, " hidden"]) -> Float[Array, " hidden"]:
        """The state as networks see it, with the time but in Langevin's form."""
        features = jnp.zeros(2, z.dtype) if self.form == "langevin" else _clock(t)
        return self.of_state(jnp.concatenate([z, features.astype(z.dtype)]))

    def _sigma(self, t: Float[Array, ""]) -> Float[Array, " hidden"]:
        return self.noise_network(_clock(t))


def _clock(t: Float[Array, ""]) -> Float[Array, " 2"]:
    return jnp.stack([jnp.sin(t), jnp.cos(t)])


def _bounded(x: Float[Array, ""]) -> Float[Array, ""]:
    return jnp.tanh(jax.nn.relu(x))
