"""What can go wrong in training, each with one paragraph that says what to do."""

from __future__ import annotations

import signal
from typing import Any

from neuralpde.errors import NeuralPDEError


class TrainingArgumentError(NeuralPDEError, ValueError):
    """An argument of training that cannot be used."""


class TrainingDiverged(NeuralPDEError):
    """The loss, its gradient or the parameters became infinite or not a number.

    ``step`` is the first bad step, ``checkpoint`` the step of the last good checkpoint (None where there is none).
    """

    def __init__(self, message: str, step: int, checkpoint: int | None):
        super().__init__(message)
        self.step, self.checkpoint = step, checkpoint


class TrainingInterrupted(NeuralPDEError):
    """A signal stopped the run after the running call; what was learned is saved, and in ``result``.

    ``exit_code`` is what a command should end with: 128 + the signal's number (130 for Ctrl-C, 143 for SIGTERM).
    """

    def __init__(self, message: str, received: signal.Signals, result: Any):
        super().__init__(message)
        self.signal, self.result = received, result

    @property
    def exit_code(self) -> int:
        return 128 + int(self.signal)


class CheckpointError(NeuralPDEError):
    """A checkpoint that cannot be written, found or read."""


class CheckpointMismatch(CheckpointError):
    """A checkpoint of another model or another optimiser."""
