"""A dataset: pairs of functions to learn from, and pairs to be judged by."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
from jaxtyping import PyTree

from neuralpde.errors import NeuralPDEError
from neuralpde.spaces import AbstractDiscretization, Field, FunctionSpace, Sample, Trajectory


class DataError(NeuralPDEError, ValueError):
    """Data that cannot be used: the file or argument, what was found, what was expected, what to do."""


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Stacked samples (every array has a leading sample axis), split for training, validation and tests.

    The first entry of ``test`` is at the resolution of the training set; the labels of the others name their
    resolution (``"16"``, ``"64"``). ``provenance`` is what JSON can hold: equation, parameters, solver, seed.

    Raises `DataError` where a split is empty, pairs unequal numbers of inputs and targets, or maps between
    other spaces than the training set.
    """

    name: str
    train: Sample
    validation: Sample | None = None
    test: dict[str, Sample] = dataclasses.field(default_factory=dict)
    provenance: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        for label, split in self.splits().items():
            count_samples(split, f"split {label!r} of dataset {self.name!r}")
            for role in ("inputs", "targets"):
                ours, first = as_field(getattr(split, role)).space, as_field(getattr(self.train, role)).space
                if ours != first:
                    raise DataError(
                        f"Dataset {self.name!r}: the {role} of split {label!r} live in {ours}, those of the "
                        f"training set in {first}; every split of a dataset maps between the same two spaces."
                    )

    @property
    def source(self) -> FunctionSpace:
        """The space of the inputs."""
        return as_field(self.train.inputs).space

    @property
    def target(self) -> FunctionSpace:
        """The space of the targets."""
        return as_field(self.train.targets).space

    @property
    def on(self) -> AbstractDiscretization:
        """Where the training inputs are sampled (the first of them, where each has its own points)."""
        first = (0,) if isinstance(self.train.inputs, Field) else (0, 0)
        return jax.tree.map(lambda leaf: leaf[first], as_field(self.train.inputs).on)

    def splits(self) -> dict[str, Sample]:
        """Every split by name: ``train``, ``validation`` if there is one, and ``test/LABEL`` in order."""
        named = {"train": self.train} | ({} if self.validation is None else {"validation": self.validation})
        return named | {f"test/{label}": sample for label, sample in self.test.items()}


def as_field(part: Field | Trajectory) -> Field:
    """The field of a part of a sample; of a trajectory, the one with the leading time axis."""
    return part if isinstance(part, Field) else part.field


def count_samples(sample: PyTree, where: str = "sample") -> int:
    """Number of stacked samples; raises `DataError` where arrays disagree about it or there are none."""
    counts = {np.shape(leaf)[0] if np.ndim(leaf) else 0 for leaf in jax.tree.leaves(sample)}
    if len(counts) != 1 or 0 in counts:
        found = ", ".join(str(np.shape(leaf)) for leaf in jax.tree.leaves(sample))
        raise DataError(
            f"The {where} needs the same number of samples, at least one, in front of every array, got "
            f"shapes {found}; stack inputs, targets and parameters of the same samples (see Field.stack)."
        )
    return counts.pop()
