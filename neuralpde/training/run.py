"""A run on the device: its state, its data and its compiled loop."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import PRNGKeyArray

from .checkpoint import Checkpoints
from .devices import replicated
from .phase_ends import PhaseEnd, phase_ends
from .phases import Phases, as_phases
from .recorder import Call
from .state import Parts, in_use, initial_state, needed_to_go_on, resumed_state, take_apart
from .step import training_call
from .task import Task, carries_batches


class Run:
    """Trains ``model`` on ``task`` from step 0, or from where `resume` puts it.

    ``step`` counts the steps started; where the phases end early it is set back to those made by `end_at`.
    """

    def __init__(
        self,
        model: Any,
        task: Task,
        optimizer: optax.GradientTransformation | Phases,
        key: PRNGKeyArray,
        ema: float | None,
        mesh: Mesh | None,
    ):
        self._task, self._phases, self._ema, self._mesh = task, as_phases(optimizer), ema, mesh
        self._place = replicated(mesh)
        data, self._batches = eqx.partition(task.batches, eqx.is_array)
        parts = take_apart(model)
        self._static = parts.static
        parameters, self._frozen, self._data, key = jax.device_put(
            (parts.parameters, parts.frozen, data, key), self._place
        )
        first_batch = task.start if carries_batches(task) else None  # type: ignore[attr-defined]

        def begin(parameters, frozen, key):
            own = Parts(parameters, frozen, parts.static)
            return initial_state(own, key, phases=self._phases, averaged=ema is not None, first_batch=first_batch)

        self._state = jax.jit(begin, **self._outputs())(parameters, self._frozen, key)
        self.step = 0
        self.compile_seconds = 0.0
        self.best_step: int | None = None
        self.best_value: float | None = None
        self._best: Any = None

    def resume(self, checkpoints: Checkpoints) -> None:
        """Go on from the last checkpoint, if there is one."""
        step = checkpoints.latest()
        if step is None:
            return
        arrays = in_use(self._state, self._frozen)
        arrays, saved = checkpoints.restore(step, arrays, needed_to_go_on(self._state), self._place)
        parts = take_apart(eqx.combine(arrays, self._static))
        self._state, self._frozen, self.step = resumed_state(parts, saved), parts.frozen, step
        best = checkpoints.best()
        if best is not None:
            self.best_step, self.best_value = best
            self._best = jax.device_get(checkpoints.restore_model(self.best_step, arrays, self._place))

    def compile(self, steps_per_call: int) -> None:
        """Compile the loop; every later `advance` is that program."""
        start = time.perf_counter()
        call = training_call(
            self._task,
            self._phases,
            self._static,
            self._batches,
            steps_per_call=steps_per_call,
            ema=self._ema,
            mesh=self._mesh,
        )
        lowered = jax.jit(call, donate_argnums=0, **self._outputs()).lower(
            self._state, self._frozen, self._data, self._number(1)
        )
        self._compiled = lowered.compile()
        self.compile_seconds = time.perf_counter() - start

    def advance(self, count: int) -> Call:
        """Start ``count`` steps and return at once."""
        first = self.step
        self._state, metrics = self._compiled(self._state, self._frozen, self._data, self._number(count))
        self.step = first + count
        return Call(first, count, metrics)

    def end_at(self, step: int) -> None:
        """No steps were made after this one: all phases are over."""
        self.step = step

    def phases_are_over(self) -> bool:
        """Whether there is nothing left to do, whatever the number of steps. Waits for the device."""
        return int(self._state.phases.index) == len(self._phases)

    def phase_ends(self) -> tuple[PhaseEnd, ...]:
        """What became of every phase that was begun. Waits for the device."""
        return phase_ends(jax.device_get(self._state.phases), self.step, self.dtype)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the parameters."""
        return jax.tree.leaves(self._state.parameters)[0].dtype

    def evaluate(self) -> tuple[dict[str, float], bool]:
        """Measures of the model as it is, and whether it is the best so far."""
        values = self._task.evaluate(self.model())
        value = None if self._task.monitor is None else values[self._task.monitor]
        is_best = value is not None and math.isfinite(value) and (self.best_value is None or value < self.best_value)
        if is_best:
            self.best_step, self.best_value = self.step, value
            self._best = jax.device_get(in_use(self._state, self._frozen))
        return values, is_best

    def save(self, checkpoints: Checkpoints, values: Mapping[str, float] | None) -> None:
        """Start to write a checkpoint of the state as it is; ``values`` are those of an evaluation at this step."""
        value = None if values is None or self._task.monitor is None else values[self._task.monitor]
        arrays = in_use(self._state, self._frozen)
        checkpoints.save(self.step, arrays, needed_to_go_on(self._state), value)

    def model(self) -> Any:
        """The model as it is; its arrays are given away by the next `advance`."""
        return eqx.combine(in_use(self._state, self._frozen), self._static)

    def best_model(self) -> Any:
        """The model of the smallest monitored value; the model as it is, where nothing is monitored."""
        if self._best is None:
            return self.model()
        return eqx.combine(jax.device_put(self._best, self._place), self._static)

    def _outputs(self) -> dict[str, Any]:
        return {} if self._place is None else {"out_shardings": self._place}

    def _number(self, count: int):
        return jax.device_put(np.int32(count), self._place)
