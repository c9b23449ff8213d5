"""Learning to step in time from trajectories."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from neuralpde.data import Dataset
from neuralpde.operators import Stepping
from neuralpde.spaces import Field

from .failures import TrainingArgumentError
from .rollout_base import AbstractRolloutTask
from .rollout_loss import StateLoss, Unrolling, first_input, named_state_loss, unrolled_loss
from .rollout_windows import JumpLoader, Window, WindowLoader


class RolloutTask(AbstractRolloutTask):
    """Make the mean error of ``horizon`` steps from any state of the training trajectories small.

    - ``predict``: what the network predicts, ``state``, ``residual`` or ``difference`` (`neuralpde.operators.Stepping`).
    - ``coordinates``: whether the network is told the place, for an equation with a force that is fixed in space and
      convolutions that cannot tell one place from another (`neuralpde.operators.Located`).
    - ``loss``: ``relative_l2``, ``scaled_l2``, ``mean_square``, ``relative_h1`` or a function of two fields, of states in
      units of their mean and deviation over the training set, component by component.
    - ``noise``: deviation of the Gaussian noise added to the states of the input, in units of their own. The default,
      with one state of history, is the recipe of F-FNO (Tran et al., ICLR 2023).
    - ``horizon``, ``pushforward``, ``cut``: see `Unrolling`. ``grow``: number of optimiser steps over which the horizon
      rises from one to ``horizon``; it is the same program all along.
    - ``stride``: a step is that many stored states long. With ``jumps`` steps of all lengths are drawn (`JumpLoader`)
      for an operator that is conditioned on the parameter ``time_step``.

    The operator is given the parameters of the trajectory and ``time_step``. Raises `TrainingArgumentError` where the
    dataset holds no trajectories or these are too short, or an option is unknown.
    """

    def __init__(
        self,
        dataset: Dataset,
        history: int = 1,
        horizon: int = 1,
        stride: int = 1,
        predict: str = "residual",
        loss: str | StateLoss = "relative_l2",
        noise: float = 0.01,
        pushforward: int = 0,
        cut: int | None = None,
        grow: int | None = None,
        jumps: bool = False,
        evaluate_steps: int | None = None,
        batch_size: int = 16,
        coordinates: bool = False,
    ):
        super().__init__(
            dataset, Stepping(predict, coordinates=coordinates), history, stride, batch_size, evaluate_steps
        )
        self._loss, self._noise = named_state_loss(loss), noise
        self._unrolling = Unrolling(history, horizon, pushforward, cut)
        if noise < 0 or (grow is not None and grow < 1):
            raise TrainingArgumentError(f"noise={noise} is at least 0, and grow={grow} at least 1 or None.")
        if not jumps:
            self.batches = WindowLoader(
                self._trajectories, batch_size, self._unrolling.length, stride, horizon=horizon, grow=grow
            )
        elif self._unrolling.length == 2 and stride == 1:
            self.batches = JumpLoader(self._trajectories, batch_size)
        else:
            raise TrainingArgumentError(
                "jumps=true draws two states of a trajectory; leave history, horizon and stride at 1, pushforward at 0."
            )

    def loss(self, model: Any, batch: Window, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The mean of the loss over steps and windows."""

        def of_one(states, constants, parameters, key):
            window = Window(states, constants, parameters, batch.horizon)
            key_noise, key_steps = jax.random.split(key)
            first = self.noisy(first_input(window, self.history), key_noise)
            return unrolled_loss(model, window, first, self._state_loss, self._unrolling, key_steps)

        keys = jax.random.split(key, self.batch_size)
        losses = jax.vmap(of_one)(batch.states, batch.constants, batch.parameters, keys)
        return jnp.mean(losses), {} if batch.horizon is None else {"horizon": batch.horizon}

    def noisy(self, u: Field, key: PRNGKeyArray) -> Field:
        """An input with noise on its states; constants stay as they are."""
        if not self._noise:
            return u
        _, std = self.states_normalizer.statistics.value
        scale = jnp.zeros(u.space.channels).at[: self.history * len(std)].set(jnp.tile(std, self.history))
        drawn = jax.random.normal(key, u.values.shape, u.values.dtype)
        return u.with_values(u.values + self._noise * scale.astype(u.values.dtype) * drawn)

    def _state_loss(self, prediction: Field, truth: Field) -> Float[Array, ""]:
        return self._loss(self.states_normalizer.encode(prediction), self.states_normalizer.encode(truth))
