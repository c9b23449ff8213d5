"""What a trainer needs to know of the problem it solves; nothing else reaches it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree


@runtime_checkable
class Batches(Protocol):
    """The batch of any step, a pure function of step and key: what makes a resumed run exact, and lets a batch be held.

    A pytree: its arrays are arguments of the compiled loop, everything else in it is static. Called inside jit.
    `neuralpde.data.DeviceLoader` is one; a sampler of collocation points is another.
    """

    def batch(self, step: Int[Array, ""], key: PRNGKeyArray) -> PyTree: ...


@runtime_checkable
class Task(Protocol):
    """A loss on batches, and a measure of the model.

    ``batch_size`` is the number of samples in a batch, the length of the first axis of the arrays that are split over
    devices. ``monitor`` is the key of `evaluate` that is to be small in the best model; None where no data was set
    apart for that choice, and the last model is then the best.

    A task may carry its batches: with ``carries_batches`` true, that of step 0 is ``start(model, key)``, and that of a
    later step ``renew(batch, model, step, key)``, both called inside jit, and `batches` is not asked. So points and
    weights follow the model; the last batch is part of the state of training and of its checkpoints.

    A task whose loss is a sum of squares may tell what is squared, which Gauss-Newton methods need: see
    `residuals.residuals_of`.
    """

    batches: Any
    batch_size: int
    monitor: str | None

    def loss(self, model: Any, batch: Any, key: PRNGKeyArray) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The scalar to be made small, and other scalars to be logged. Called inside jit."""
        ...

    def evaluate(self, model: Any) -> dict[str, float]:
        """Measures of a model, with keys such as ``validation/relative_l2``."""
        ...


def carries_batches(task: Task) -> bool:
    """Whether each batch of a task comes from the one before."""
    return getattr(task, "carries_batches", False)
