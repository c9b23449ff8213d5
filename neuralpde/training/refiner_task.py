"""PDE-Refiner as a scheme of training (Lippe et al., NeurIPS 2023, arXiv 2308.05732)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.data import Dataset
from neuralpde.operators import NoisePrediction, Refiner, Stepping, VelocityPrediction, in_standard_units
from neuralpde.operators.rollout import TIME_STEP

from .failures import TrainingArgumentError
from .rollout_base import AbstractRolloutTask
from .rollout_loss import first_input, time_step
from .rollout_windows import Window, WindowLoader

SCHEMES = {"noise": NoisePrediction, "velocity": VelocityPrediction}


class RefinerTask(AbstractRolloutTask):
    """Make the mean square error of a `Refiner` at a level of noise drawn at random small.

    Targets are those of one step in standard units: ``predict`` as in `RolloutTask`, by default the change of the state
    in units of its own deviation (the authors divide by 0.3 on their set). ``refinements`` is K, ``sigma_min`` the
    deviation of the last noise, ``scheme`` what the network answers: ``velocity``, as in the authors' code, or
    ``noise``, as in their paper. The network must read the parameter ``refinement``; train with ``ema=0.995``.
    """

    def __init__(
        self,
        dataset: Dataset,
        history: int = 1,
        stride: int = 1,
        refinements: int = 3,
        sigma_min: float = 4e-7**0.5,
        scheme: str = "velocity",
        predict: str = "difference",
        evaluate_steps: int | None = None,
        batch_size: int = 16,
    ):
        if scheme not in SCHEMES:
            raise TrainingArgumentError(f"scheme={scheme!r} is unknown; choose one of {', '.join(SCHEMES)}.")
        stepping = Stepping(predict, SCHEMES[scheme](refinements, sigma_min))
        super().__init__(dataset, stepping, history, stride, batch_size, evaluate_steps)
        self.batches = WindowLoader(self._trajectories, batch_size, history + 1, stride)

    def loss(self, model: Any, batch: Window, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The mean over windows, points and components, each window at a level of its own."""
        return jnp.mean(
            jax.vmap(lambda w, k: self._of_one(model, w, k))(batch, jax.random.split(key, self.batch_size))
        ), {}

    def _of_one(self, model: Any, window: Window, key: PRNGKeyArray) -> Float[Array, ""]:
        key_level, key_noise = jax.random.split(key)
        truth = jax.tree.map(lambda leaf: leaf[self.history], window.states.field)
        given = model.given({**window.parameters, TIME_STEP: time_step(window, self.history)})
        refiner, u, target = in_standard_units(given, first_input(window, self.history), truth)
        if not isinstance(refiner, Refiner):
            raise TrainingArgumentError(
                f"RefinerTask trains a Refiner, and this operator is a {type(refiner).__name__}; make it with "
                "task.operator(network)."
            )
        y = target.values
        k = jax.random.randint(key_level, (), 0, refiner.refinement.steps + 1)
        noise = jax.random.normal(key_noise, y.shape, y.dtype)
        answer = refiner.answer(u, refiner.refinement.noised(y, noise, k), k)
        return jnp.mean((answer - refiner.refinement.target(y, noise, k)) ** 2)
